/** `tlsfront reload`, `stop` and `logs`: they return when the thing has happened, with an exit code that says so. */
import { ControlClient } from '../../control/client.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';
import { type FrontChoice, findFront } from './find-front.js';
import { followFile } from './follow-file.js';

/** Returns when the new generation serves. @throws FrontError that says why the old one stays */
export async function runReload(choice: FrontChoice, io: CommandIo): Promise<number> {
  return order(findFront(choice, io), '/v1/reload', io);
}

/** Returns when the front has ended. With `now` what is open is cut. */
export async function runStop(choice: FrontChoice & { readonly now?: true }, io: CommandIo): Promise<number> {
  const front = findFront(choice, io);
  const { pid } = await front.status();
  const ending = order(front, '/v1/stop', io);
  if (choice.now === true) {
    const second = new ControlClient(front.socket).run('/v1/stop', () => {});
    // It ends under the call.
    await second.catch(() => null);
  }
  await ending;
  io.stdout.write(`tlsfront (pid ${pid}) has ended\n`);
  return EXIT_SUCCESS;
}

/** The master's lines, or the whole log where it goes to a file. */
export async function runLogs(
  choice: FrontChoice & { readonly follow?: true; readonly reopen?: true },
  io: CommandIo,
): Promise<number> {
  const front = findFront(choice, io);
  if (choice.reopen === true) return order(front, '/v1/logs/reopen', io);
  const follow = choice.follow === true;
  const { logFile } = await front.status();
  if (logFile !== null) await followFile(logFile, follow, io.stdout);
  else await front.logs(follow, (line) => io.stdout.write(`${line}\n`));
  return EXIT_SUCCESS;
}

async function order(front: ControlClient, path: string, io: CommandIo): Promise<number> {
  const last = await front.run(path, (text) => io.stderr.write(`${text}\n`));
  if (last !== null) io.stdout.write(`${last}\n`);
  return EXIT_SUCCESS;
}
