/** The forms in which a request can be logged. */

/** In the order of `--help`; the first is the default. */
export const LOG_FORMATS = ['pretty', 'combined', 'json', 'uwsgi'] as const;

export type LogFormat = (typeof LOG_FORMATS)[number];
