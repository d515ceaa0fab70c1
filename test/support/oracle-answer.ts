/** Plays a scripted answer on an upstream connection: given bytes, in pieces, late, cut, reset, or never. */
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { StrictMessage } from './strict-parser.js';

/** One thing the upstream does; steps are played in order. */
export type AnswerStep =
  /** Latin1 text as it is; `{target}` becomes the request's target. */
  | { readonly send: string }
  /** `size` letters, written with back-pressure. */
  | { readonly fill: number }
  /** The letter `x`, one octet a write, `times` times. */
  | { readonly drip: number; readonly everyMs: number }
  | { readonly pauseMs: number }
  /** Until the whole request was read; without this step an answer starts after the head. */
  | { readonly awaitBody: true }
  /** Stops reading the request. */
  | { readonly deaf: true }
  /** FIN after what was sent. */
  | { readonly close: true }
  /** RST. */
  | { readonly reset: true }
  /** From here the connection echoes whatever comes (after a 101). */
  | { readonly echo: true }
  /** The next request on this connection is not answered but closed upon. */
  | { readonly closeOnReuse: true };

/** What a script may know of the exchange it answers. */
export interface AnswerScene {
  readonly socket: Socket;
  readonly message: StrictMessage;
  /** Settles when the request was read to its end. */
  readonly ended: Promise<void>;
  /** Called by the step closeOnReuse. */
  closeOnReuse(): void;
}

/** Waits until the socket takes more, or is gone. */
async function write(socket: Socket, text: string): Promise<void> {
  if (socket.destroyed || socket.writableEnded) return;
  if (socket.write(text, 'latin1')) return;
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      socket.off('drain', settle);
      socket.off('close', settle);
      resolve();
    };
    socket.once('drain', settle);
    socket.once('close', settle);
  });
}

async function play(step: AnswerStep, scene: AnswerScene): Promise<void> {
  const { socket, message } = scene;
  if ('send' in step) await write(socket, step.send.replaceAll('{target}', message.target));
  else if ('fill' in step) {
    for (let left = step.fill; left > 0 && !socket.destroyed; left -= 65536) {
      await write(socket, 'x'.repeat(Math.min(left, 65536)));
    }
  } else if ('drip' in step) {
    for (let count = 0; count < step.drip && !socket.destroyed; count += 1) {
      await write(socket, 'x');
      await pause(step.everyMs);
    }
  } else if ('pauseMs' in step) await pause(step.pauseMs, undefined, { ref: false });
  else if ('awaitBody' in step) await scene.ended;
  else if ('deaf' in step) socket.pause();
  else if ('close' in step) socket.end();
  else if ('reset' in step) socket.resetAndDestroy();
  else if ('echo' in step) socket.on('data', (chunk: Buffer) => socket.write(chunk));
  else scene.closeOnReuse();
}

/** Plays the steps; ends early without an error when the connection is gone. */
export async function playAnswer(steps: readonly AnswerStep[], scene: AnswerScene): Promise<void> {
  for (const step of steps) {
    if (scene.socket.destroyed) return;
    await play(step, scene);
  }
}

/** A complete 200 with Content-Length; more header lines end in CRLF each. */
export function ok(body: string, moreHeaders = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n${moreHeaders}Content-Length: ${body.length}\r\n\r\n${body}`;
}
