/** A Java of the test's own: the programs of the installed one with a trust store that may be changed. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @param keytool the installed one @returns the folder for JAVA_HOME */
export function makeJavaHome(keytool: string, folder: string): string {
  const installed = dirname(dirname(realpathSync(keytool)));
  const lib = join(folder, 'lib');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  mkdirSync(lib);
  // Copies, not links: a Java finds its home by where its launcher and its libjvm really are.
  for (const program of ['java', 'keytool'])
    cpSync(join(installed, 'bin', program), join(folder, 'bin', program), { dereference: true });
  for (const name of readdirSync(join(installed, 'lib'))) {
    const from = join(installed, 'lib', name);
    if (name === 'server') cpSync(from, join(lib, name), { recursive: true, dereference: true });
    else if (name === 'security') copyEachFile(from, join(lib, name));
    else symlinkSync(from, join(lib, name));
  }
  symlinkSync(join(installed, 'conf'), join(folder, 'conf'));
  return folder;
}

/** Node 24 keeps links inside a copied folder: Debian's cacerts is one, and the machine's own would be changed through it. */
function copyEachFile(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
}
