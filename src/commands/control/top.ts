/** `tlsfront top`: what a running front does, live in a terminal. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ControlClient } from '../../control/client.js';
import { FrontError } from '../../shared/errors.js';
import { type CommandIo, EXIT_SUCCESS, usesColour } from '../../terminal/console.js';
import { type FrontChoice, findFront } from './find-front.js';
import { figuresBetween, Look } from './top-figures.js';
import { drawFrame, listed, ORDERS, type Screen, type TopData, type View } from './top-frame.js';

const EVERY_MS = 1_000;
/** Where the terminal does not say: what every one has. */
const COLUMNS = 80;
const ROWS = 24;

const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l';
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

const START: View = { order: 'slowest', selected: 0, opened: null, isPaused: false };

/** @throws FrontError without a terminal, unless one frame is enough; where no front answers */
export async function runTop(choice: FrontChoice & { readonly once?: true }, io: CommandIo): Promise<number> {
  const once = choice.once === true;
  if (!once && !(io.stdout.isTTY === true && process.stdin.isTTY)) {
    throw new FrontError('config_usage', 'top shows a live picture, and there is no terminal', {
      hint: '--once prints one frame; tlsfront status --json and curl --unix-socket … /v1/metrics are for programs',
    });
  }
  const front = findFront(choice, io);
  let before = await look(front);
  if (once) {
    await pause(EVERY_MS);
    const data = await read(front, before, await look(front));
    const screen = { columns: COLUMNS, rows: 1_000, coloured: usesColour(io.stdout, io.environment) };
    // Without its last line, which tells the keys.
    io.stdout.write(`${drawFrame(data, START, screen, new Date()).slice(0, -1).join('\n')}\n`);
    return EXIT_SUCCESS;
  }
  await pause(EVERY_MS / 4);
  const keyboard = new Keyboard();
  io.stdout.write(ENTER_SCREEN);
  try {
    let data: TopData | null = null;
    while (!keyboard.isDone) {
      if (data === null || !keyboard.view.isPaused) {
        const now = await look(front);
        data = await read(front, before, now);
        before = now;
      }
      const nextAtMs = performance.now() + EVERY_MS;
      while (!keyboard.isDone && performance.now() < nextAtMs) {
        keyboard.show(data);
        io.stdout.write(picture(drawFrame(data, keyboard.view, screenOf(io), new Date())));
        await keyboard.pressed(nextAtMs - performance.now());
      }
    }
  } finally {
    io.stdout.write(LEAVE_SCREEN);
    keyboard.close();
  }
  return EXIT_SUCCESS;
}

async function look(front: ControlClient): Promise<Look> {
  return new Look(await front.metrics(), performance.now());
}

async function read(front: ControlClient, before: Look, now: Look): Promise<TopData> {
  const [status, requests] = await Promise.all([front.status(), front.requests()]);
  return { status, requests, figures: figuresBetween(before, now) };
}

function screenOf(io: CommandIo): Screen {
  const { columns = COLUMNS, rows = ROWS } = process.stdout;
  return { columns, rows, coloured: usesColour(io.stdout, io.environment) };
}

/** Drawn over the last one, so that nothing flickers over a slow line. */
function picture(lines: readonly string[]): string {
  return `${HOME}${lines.map((line) => `${line}${CLEAR_LINE}`).join('\r\n')}${CLEAR_BELOW}`;
}

/** What each key does to the view. */
class Keyboard {
  view = START;
  isDone = false;
  private data: TopData | null = null;
  private wake: () => void = () => {};
  private readonly onData = (text: Buffer): void => {
    this.press(text.toString());
    this.wake();
  };
  private readonly onEnd = (): void => {
    this.isDone = true;
    this.wake();
  };

  constructor() {
    process.stdin.setRawMode(true);
    process.stdin.on('data', this.onData);
    process.stdin.once('end', this.onEnd);
    process.once('SIGTERM', this.onEnd);
    process.once('SIGHUP', this.onEnd);
  }

  /** What the keys choose from. */
  show(data: TopData): void {
    this.data = data;
  }

  /** Resolves at the next key, or after this time. */
  async pressed(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  close(): void {
    process.stdin.off('data', this.onData);
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.off('SIGTERM', this.onEnd);
    process.off('SIGHUP', this.onEnd);
  }

  private press(key: string): void {
    const { view } = this;
    const requests = this.data === null ? [] : listed(this.data.requests, view.order);
    const move = (by: number): View => {
      return { ...view, selected: Math.max(0, Math.min(requests.length - 1, view.selected + by)) };
    };
    switch (key) {
      case 'q':
      case '\u0003':
      case '\u0004':
        this.isDone = true;
        return;
      case 'p':
      case ' ':
        this.view = { ...view, isPaused: !view.isPaused };
        return;
      case 's': {
        const order = ORDERS[(ORDERS.indexOf(view.order) + 1) % ORDERS.length] ?? 'slowest';
        this.view = { ...view, order, selected: 0 };
        return;
      }
      case '\u001b[A':
      case '\u001bOA':
      case 'k':
        this.view = move(-1);
        return;
      case '\u001b[B':
      case '\u001bOB':
      case 'j':
        this.view = move(1);
        return;
      case '\r':
      case '\n':
        this.view = { ...view, opened: view.opened === null ? (requests[view.selected] ?? null) : null };
        return;
      case '\u001b':
        this.view = { ...view, opened: null };
        return;
      default:
    }
  }
}
