/** The forms in which a request can be logged. */

/** In the order of `--help`; the first is the default. */
export const LOG_FORMATS = ['pretty', 'combined', 'json', 'uwsgi'] as const;

export type LogFormat = (typeof LOG_FORMATS)[number];

/** What may stand in a format string of uWSGI's kind, `%(name)`; beside these `%(var.NAME)`, a variable as in CGI. */
export const LOG_VARIABLES = [
  ...['addr', 'user', 'method', 'uri', 'proto', 'host', 'status', 'size', 'rsize', 'cl', 'referer', 'uagent'],
  ...[
    'secs',
    'msecs',
    'micros',
    'time',
    'ctime',
    'ltime',
    'ftime',
    'epoch',
    'tmsecs',
    'tmicros',
    'pid',
    'vars',
  ],
  ...['id', 'upstream', 'upstream_msecs', 'tls', 'tls_group', 'error', 'trace_id'],
] as const;
