/** The bans in force: given over the control socket or written into a file that is watched; they last over reloads, and with the file over restarts. */
import { readFile } from 'node:fs/promises';
import { replaceFile } from '../certificates/store/replace-file.js';
import { blockOfBan } from '../shared/addresses/address-blocks.js';
import { FrontError } from '../shared/errors.js';
import { systemCode } from '../shared/system-error.js';
import { quoted, significantLines } from './access-files.js';
import { FileWatch } from './file-watch.js';
import type { ServingLog } from './notes.js';

/** One ban. */
export interface Ban {
  /** In CIDR notation. */
  readonly block: string;
  /** Milliseconds since 1970; null: until it is taken back. */
  readonly untilMs: number | null;
}

const MAX_BANS = 65_536;
/** A timer's longest delay is 24 days. */
const MAX_TIMER_MS = 24 * 3_600_000;

export class BanList {
  private bans: ReadonlyMap<string, number | null> = new Map();
  private file: string | null = null;
  private watch: FileWatch | null = null;
  private timer: NodeJS.Timeout | null = null;
  /** Changes come one after another. */
  private working: Promise<unknown> = Promise.resolve();

  /** @param give tells the routers; resolves when they have taken it */
  constructor(
    private readonly log: ServingLog,
    private readonly give: (blocks: readonly string[]) => Promise<void>,
    private readonly clock: () => number = Date.now,
  ) {}

  /**
   * Takes the bans of this file beside those in force; null: there is no file.
   * @throws FrontError config_invalid where it cannot be read
   */
  async open(file: string | null): Promise<void> {
    if (file === this.file) return;
    const found = file === null ? new Map<string, number | null>() : parseBans(file, await readIfThere(file));
    this.file = file;
    this.bans = new Map([...this.bans, ...found]);
    this.watch?.stop();
    this.watch =
      file === null
        ? null
        : new FileWatch(
            () => [file],
            () => void this.refresh(file),
          );
    this.schedule();
  }

  /** Takes up those of the master whose place this one takes. */
  adopt(bans: readonly Ban[]): void {
    this.bans = new Map([...this.bans, ...bans.map(({ block, untilMs }) => [block, untilMs] as const)]);
    this.schedule();
  }

  /** What routers are to refuse. */
  get blocks(): readonly string[] {
    return this.all.map(({ block }) => block);
  }

  /** In force now. */
  get all(): readonly Ban[] {
    const nowMs = this.clock();
    return [...this.bans]
      .filter(([, untilMs]) => untilMs === null || untilMs > nowMs)
      .map(([block, untilMs]) => ({ block, untilMs }));
  }

  /**
   * Resolves when every router refuses it. A single IPv6 address stands for its network of 64 bits.
   * @param lastsMs null: until it is taken back
   * @throws FrontError config_usage for what is no address
   */
  ban(text: string, lastsMs: number | null): Promise<Ban> {
    const block = requireBlock(text);
    return this.inTurn(async () => {
      const untilMs = lastsMs === null ? null : this.clock() + lastsMs;
      if (!this.bans.has(block) && this.bans.size >= MAX_BANS)
        throw new FrontError('overloaded', `there are ${MAX_BANS} bans already`, {
          hint: 'ban whole networks: 203.0.113.0/24',
        });
      await this.write(block, formatBan({ block, untilMs }));
      await this.replace(new Map([...this.bans, [block, untilMs]]));
      return { block, untilMs };
    });
  }

  /** Resolves with the block when nobody refuses it any more; null: it was not banned. */
  unban(text: string): Promise<string | null> {
    const block = requireBlock(text);
    return this.inTurn(async () => {
      if (!this.bans.has(block)) return null;
      await this.write(block, null);
      await this.replace(new Map([...this.bans].filter(([other]) => other !== block)));
      return block;
    });
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.working.then(work);
    this.working = done.catch(() => {});
    return done;
  }

  private async replace(bans: ReadonlyMap<string, number | null>): Promise<void> {
    this.bans = bans;
    this.schedule();
    await this.give(this.blocks);
  }

  /** The file has changed, by somebody's hand or ours. */
  private refresh(file: string): Promise<void> {
    return this.inTurn(async () => {
      try {
        const bans = parseBans(file, await readIfThere(file));
        const before = JSON.stringify(this.all);
        this.bans = bans;
        this.schedule();
        if (JSON.stringify(this.all) === before) return;
        await this.give(this.blocks);
        this.log.line(`${file} has changed: ${this.all.length} bans are in force`);
      } catch (error) {
        this.log.failure(error, (reason) => `${reason}; the bans from before stay in force`);
      }
    });
  }

  /** Takes the block's lines out of the file, and those that are over; the others, comments too, stay as they are. */
  private async write(block: string, line: string | null): Promise<void> {
    const { file } = this;
    if (file === null) return;
    const nowMs = this.clock();
    const kept = (await readIfThere(file)).split(/\r?\n/).filter((text) => {
      const ban = parseBan(text.replace(/(?:^|\s)#.*$/, '').trim());
      return ban === null || (ban.block !== block && (ban.untilMs === null || ban.untilMs > nowMs));
    });
    while (kept.at(-1) === '') kept.pop();
    if (line !== null) kept.push(line);
    try {
      await replaceFile(file, kept.map((text) => `${text}\n`).join(''), { mode: 0o600 });
    } catch (cause) {
      throw new FrontError(
        'internal',
        `the ban file ${file} cannot be written: ${systemCode(cause) ?? String(cause)}`,
        {
          hint: 'let the user who started tlsfront write to its folder',
          cause,
        },
      );
    }
  }

  /** Wakes up when the next ban is over. */
  private schedule(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const ends = this.all.flatMap(({ untilMs }) => untilMs ?? []);
    if (ends.length === 0) return;
    const nextMs = ends.reduce((least, end) => Math.min(least, end));
    const delayMs = Math.min(MAX_TIMER_MS, Math.max(0, nextMs - this.clock()) + 1);
    this.timer = setTimeout(
      () =>
        void this.inTurn(() => this.replace(new Map(this.all.map(({ block, untilMs }) => [block, untilMs])))),
      delayMs,
    );
    this.timer.unref();
  }
}

/** One line of the file. */
function formatBan({ block, untilMs }: Ban): string {
  return untilMs === null ? block : `${block} ${new Date(untilMs).toISOString()}`;
}

function parseBan(text: string): Ban | null {
  const [address = '', until, ...more] = text.split(/\s+/);
  const block = blockOfBan(address);
  if (block === null || more.length > 0) return null;
  if (until === undefined) return { block, untilMs: null };
  const untilMs = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(until)
    ? Date.parse(until)
    : Number.NaN;
  return Number.isNaN(untilMs) ? null : { block, untilMs };
}

function parseBans(file: string, text: string): Map<string, number | null> {
  const lines = significantLines(text);
  if (lines.length > MAX_BANS)
    throw new FrontError('config_invalid', `${file} has more than ${MAX_BANS} bans`);
  return new Map(
    lines.map((line): [string, number | null] => {
      const ban = parseBan(line.text);
      if (ban !== null) return [ban.block, ban.untilMs];
      throw new FrontError('config_invalid', `${file}:${line.line}: ${quoted(line.text)} is no ban`, {
        hint: 'write one a line: 203.0.113.9, 203.0.113.0/24 or 203.0.113.9 2027-01-31T12:00:00Z',
      });
    }),
  );
}

function requireBlock(text: string): string {
  const block = blockOfBan(text);
  if (block !== null) return block;
  throw new FrontError('config_usage', `${quoted(text)} is no address`, {
    hint: 'write 203.0.113.9, 203.0.113.0/24, 2001:db8::9 or 2001:db8::/48',
  });
}

/** A file that is not there yet has no bans. */
async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'ENOENT') return '';
    throw new FrontError('config_invalid', `the ban file ${file} cannot be read: ${code ?? String(cause)}`, {
      cause,
    });
  }
}
