/** The master whose place this process takes (`tlsfront reload --upgrade`): it has started us, hands over its sockets, and waits until we serve. */
import { FrontError } from '../shared/errors.js';
import {
  type Handover,
  type PredecessorWord,
  readPredecessorWord,
  type SuccessorWord,
} from '../shared/messages/handover.js';
import { SUCCESSOR_MARK } from './successor-mark.js';

/** It answers within milliseconds. */
const PATIENCE_MS = 10_000;

/** Who has gone meanwhile hears nothing, and need not. */
export class Predecessor {
  private constructor(readonly handover: Handover) {}

  /** Its process takes requests here; resolves once the old one has closed what only one process can have, or is gone. */
  async serves(): Promise<void> {
    const released = nextWord('released', null);
    say({ type: 'serving' });
    await released;
  }

  /** The place is taken whole. */
  settled(): void {
    say({ type: 'settled' }, () => process.connected && process.disconnect());
  }

  /** This process ends, and the old one goes on serving. */
  failed(message: string, hint: string | null): void {
    say({ type: 'failed', message, hint });
  }

  /** Asks for what is handed over. @throws FrontError where nothing comes */
  static async meet(): Promise<Predecessor> {
    const given = nextWord('give', PATIENCE_MS);
    say({ type: 'take' });
    const word = await given;
    if (word?.type === 'give') return new Predecessor(word.handover);
    throw new FrontError('internal', 'the master whose place this one takes hands nothing over', {
      hint: 'ask again: tlsfront reload --upgrade',
    });
  }
}

/** Takes the mark out of the environment, which is not for our children. null: this is an ordinary start. */
export async function takePredecessor(): Promise<Predecessor | null> {
  const mark = process.env[SUCCESSOR_MARK];
  delete process.env[SUCCESSOR_MARK];
  if (mark === undefined || mark !== String(process.ppid) || process.send === undefined) return null;
  return Predecessor.meet();
}

function say(word: SuccessorWord, done: () => void = () => {}): void {
  if (process.connected) process.send?.(word, done);
}

/** null: the other side has gone, or the time is over. @param patienceMs null: without end */
function nextWord(type: PredecessorWord['type'], patienceMs: number | null): Promise<PredecessorWord | null> {
  return new Promise((resolve) => {
    const settle = (word: PredecessorWord | null): void => {
      if (timer !== null) clearTimeout(timer);
      process.off('message', onMessage);
      process.off('disconnect', onGone);
      resolve(word);
    };
    const onMessage = (message: unknown): void => {
      const word = readPredecessorWord(message);
      if (word?.type === type) settle(word);
    };
    const onGone = (): void => settle(null);
    const timer = patienceMs === null ? null : setTimeout(onGone, patienceMs);
    process.on('message', onMessage);
    process.on('disconnect', onGone);
    if (!process.connected) onGone();
  });
}
