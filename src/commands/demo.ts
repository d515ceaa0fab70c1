/** The app that `tlsfront demo` starts: the bundled single-thread sample app, run by the Node that runs us. */
import { programFile } from '../system/package-files.js';

/** Program and arguments of the sample app. */
export function demoCommand(): readonly string[] {
  return [process.execPath, programFile('sampleApp')];
}
