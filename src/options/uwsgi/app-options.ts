/** Which options of uWSGI name an app. */

/** Options that name what uWSGI serves. */
export const APP_NAMES: ReadonlySet<string> = new Set(
  [
    'module wsgi wsgi-file file mount worker-mount eval paste ini-paste ini-paste-logged pecan web3 pump wsgi-lite',
    'python-raw python py pyrun psgi rack rails lua cgi php-docroot php-app pypy-wsgi pypy-wsgi-file',
    'worker-exec worker-exec2 python-worker-override check-static static-map static-map2 static-check',
  ].flatMap((names) => names.split(' ')),
);

/** How many processes the options ask uWSGI for. */
export function processesOf(options: readonly string[]): number {
  const option = options.findLast((text) => /^(?:processes|workers)=\d+$/.test(text));
  return option === undefined ? 1 : Number(option.split('=')[1]);
}

/** The options (`module=app:app`) that say what uWSGI serves, in their order. */
export function appOptions(options: readonly string[]): readonly string[] {
  return options.filter((option) => APP_NAMES.has(option.split('=', 1)[0] ?? ''));
}
