/** The app that `tlsfront demo` starts: the bundled single-thread sample app, run by the Node that runs us. */
import { fileURLToPath } from 'node:url';

/** Program and arguments of the sample app. */
export function demoCommand(): readonly string[] {
  return [process.execPath, fileURLToPath(new URL('../../app/sample.js', import.meta.url))];
}
