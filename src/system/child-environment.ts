/** The environment of our processes: a router gets what Node and it need and nothing else; whoever takes it over reads no secrets there. */

/** The variable that marks every process of a front, its apps too: `PID-RANDOM` of the master. */
const MASTER_MARK = 'TLSFRONT_FRONT';
/** Where compiled code lies (`load-program.ts`). */
const CODE_CACHE = 'TLSFRONT_CODE_CACHE';

/** What decides how Node itself runs, where files go and how times are written. */
const FOR_ROUTERS = [
  ...['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NODE_ICU_DATA', 'UV_THREADPOOL_SIZE', 'UV_USE_IO_URING'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'OPENSSL_CONF', 'OPENSSL_MODULES'],
  ...['LD_LIBRARY_PATH', 'LD_PRELOAD', 'DYLD_LIBRARY_PATH', 'MALLOC_ARENA_MAX'],
  ...['TMPDIR', 'TMP', 'TEMP', 'TZ', 'LANG', 'LC_ALL', 'SystemRoot'],
  ...['NO_COLOR', 'TLSFRONT_DEBUG', CODE_CACHE, MASTER_MARK],
] as const;

/** Everything that this process starts from now on carries the mark. */
export function markChildren(mark: string): void {
  process.env[MASTER_MARK] = mark;
}

/** The part of this process's environment that a router gets. @param more names of other variables that it needs */
export function routerEnvironment(...more: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    [...FOR_ROUTERS, ...more].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** The environment that apps are started with; what is told to our own processes is not for them. */
export function appEnvironment(): NodeJS.ProcessEnv {
  const { [CODE_CACHE]: _folder, ...others } = process.env;
  return others;
}

/** The environment of a router that sees another root: nothing of the machine's is there. */
export function enclosedEnvironment(): NodeJS.ProcessEnv {
  // unshare(1) is looked for on PATH.
  return { ...routerEnvironment('PATH'), [CODE_CACHE]: 'off' };
}

/** The environment of a master that takes the place of this one: its children get a mark of their own. */
export function successorEnvironment(): NodeJS.ProcessEnv {
  const { [MASTER_MARK]: _mark, ...others } = process.env;
  return others;
}
