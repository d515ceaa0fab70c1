/** The servers of Python apps that can be asked for. */

/**
 * `auto` takes an ASGI server for what looks like ASGI, else uWSGI where it is installed with Python support, else the
 * bundled launcher on Python's wsgiref.
 */
export const WSGI_SERVERS = ['auto', 'uwsgi', 'wsgiref', 'asgi'] as const;

export type WsgiServer = (typeof WSGI_SERVERS)[number];
