/** `tlsfront ban`, `unban` and `bans`: they return when every router knows. */
import type { BanView } from '../../control/types.js';
import { misused } from '../../options/read-setting.js';
import { parseDuration } from '../../options/values/quantities.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';
import { type FrontChoice, findFront } from './find-front.js';

/** @param time such as `10m`; left out: until it is taken back. @throws FrontError where it cannot be done */
export async function runBan(
  address: string,
  time: string | undefined,
  choice: FrontChoice,
  io: CommandIo,
): Promise<number> {
  const lastsMs = time === undefined ? null : parseDuration(time);
  if (time !== undefined && (lastsMs === null || lastsMs < 1000))
    throw misused(
      `'${time}' is no time for a ban`,
      'write 10m, 1h, 7d or plain seconds; leave it out for a ban without end',
    );
  const query = new URLSearchParams({ address });
  if (lastsMs !== null) query.set('seconds', String(Math.ceil(lastsMs / 1000)));
  const ban = await findFront(choice, io).ask<BanView>('POST', `/v1/ban?${query}`);
  io.stdout.write(`${describe(ban)}\n`);
  return EXIT_SUCCESS;
}

/** @throws FrontError where it is not banned */
export async function runUnban(address: string, choice: FrontChoice, io: CommandIo): Promise<number> {
  const query = new URLSearchParams({ address });
  const { address: block } = await findFront(choice, io).ask<Pick<BanView, 'address'>>(
    'POST',
    `/v1/unban?${query}`,
  );
  io.stdout.write(`${block} is banned no longer\n`);
  return EXIT_SUCCESS;
}

export async function runBans(
  choice: FrontChoice & { readonly json?: true },
  io: CommandIo,
): Promise<number> {
  const bans = await findFront(choice, io).ask<readonly BanView[]>('GET', '/v1/bans');
  if (choice.json === true) io.stdout.write(`${JSON.stringify(bans)}\n`);
  else if (bans.length === 0) io.stdout.write('nobody is banned\n');
  else for (const ban of bans) io.stdout.write(`${describe(ban)}\n`);
  return EXIT_SUCCESS;
}

function describe({ address, until }: BanView): string {
  return `${address} is banned ${until === null ? 'until it is taken back' : `until ${until}`}`;
}
