/** Finds programs that are installed: in a virtual environment, and on PATH. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** True for a file that may be started. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function findOnPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function findAtHome(name: string, home: string | undefined): string | undefined {
  const program = home === undefined ? undefined : join(home, 'bin', name);
  return program !== undefined && isExecutable(program) ? program : undefined;
}

/** The program of this virtual environment, where there is one and it has it, or of PATH; undefined: neither. */
export function findProgram(name: string, home: string | undefined): string | undefined {
  return findAtHome(name, home) ?? findOnPath(name);
}

/** The first that is installed: in the virtual environment any of them before all of PATH, whose programs lack its packages. */
export function findFirstProgram<Choice extends { readonly name: string }>(
  choices: readonly Choice[],
  home: string | undefined,
): { readonly choice: Choice; readonly program: string } | undefined {
  for (const find of [findAtHome, findOnPath]) {
    for (const choice of choices) {
      const program = find(choice.name, home);
      if (program !== undefined) return { choice, program };
    }
  }
  return undefined;
}
