/** A network of its own for a front and those who speak with it: ports 80 and 443 can be had there, and nobody else is in it. */
import { spawn, spawnSync } from 'node:child_process';
import { CLI } from './command.js';
import type { StartedFront } from './started-front.js';
import { MISSING, requireTools, type Skippable } from './tools.js';

const LOOPBACK = 'ip link set lo up\n';

/** Programs before the command that is to run there. */
export type Way = readonly [program: string, ...first: readonly string[]];

/** Can be left by its processes alone; `front` is what runs there first. */
export class OwnNetwork {
  private constructor(
    private readonly unshare: Way,
    private readonly nsenter: string,
  ) {}

  /**
   * @param setUp shell lines besides loopback
   * @returns null: the test was skipped, since this system lets no user make a network
   */
  static find(t: Skippable, setUp = ''): OwnNetwork | null {
    const tools = requireTools(t, 'unshare', 'nsenter', 'ip');
    if (tools === MISSING) return null;
    const [unshare, ...first] = [
      tools.unshare,
      '-rn',
      'bash',
      '-ec',
      `${LOOPBACK}${setUp}\nexec "$@"`,
      'bash',
    ] as const;
    if (spawnSync(unshare, [...first, 'true'], { stdio: 'ignore' }).status !== 0) {
      t.skip('this system lets no user make a network');
      return null;
    }
    return new OwnNetwork([unshare, ...first], tools.nsenter);
  }

  /** The built command, as the first there. */
  get program(): Way {
    return [...this.unshare, process.execPath, CLI];
  }

  /** The way of others into the network of the first. */
  beside(first: StartedFront): Way {
    return [this.nsenter, '-t', String(first.child.pid), '-U', '-n', '--preserve-credentials'];
  }
}

/** Runs a program. @returns its output, which grows */
export function outputOf(
  t: { after(end: () => void): void },
  [program, ...first]: Way,
  ...more: readonly string[]
): { text: string } {
  const child = spawn(program, [...first, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => child.kill());
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output.text += text;
    });
  }
  return output;
}
