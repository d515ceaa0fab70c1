/** Where the files of this package are: modules and bundles ask here, since both lie at other depths. */
import { fileURLToPath } from 'node:url';

/** Compiled code lies somewhere below the folder dist of the package. */
const ROOT = import.meta.url.slice(0, import.meta.url.lastIndexOf('/dist/') + 1);
const BUNDLES = `${ROOT}dist/bundle/`;
/** Modules start modules, bundles start bundles: what runs together was built together. */
const CODE = import.meta.url.startsWith(BUNDLES) ? BUNDLES : `${ROOT}dist/`;

/** What is started by its file; build.ts makes a bundle of each. */
export const PROGRAMS = {
  command: 'src/cli.js',
  router: 'proxy/main.js',
  keeper: 'app/main.js',
  lan: 'src/lan/main.js',
  sampleApp: 'app/sample.js',
  bcryptThread: 'proxy/exchange/access/passwords/bcrypt-thread.js',
} as const;

/** Full path of a program, as a module or a bundle like the code that asks. */
export function programFile(program: keyof typeof PROGRAMS): string {
  return fileURLToPath(`${CODE}${PROGRAMS[program]}`);
}

/** Full path of a file of the package that is not code, such as `docs/index.md`. */
export function packageFile(path: string): string {
  return fileURLToPath(`${ROOT}${path}`);
}
