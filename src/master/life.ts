/** The life of the front: named states, which may follow which, and work that breaks off when its state is left. */

/**
 * What happens in each state:
 *
 * | event                | starting              | serving         | reloading               | draining   | ended   |
 * | -------------------- | --------------------- | --------------- | ----------------------- | ---------- | ------- |
 * | TERM, INT, QUIT      | draining              | draining        | draining                | end now    | nothing |
 * | HUP                  | reload once it serves | reloading       | once more afterwards    | nothing    | nothing |
 * | USR1, USR2           | obeyed                | obeyed          | obeyed                  | obeyed     | nothing |
 * | reload --upgrade     | refused               | reloading       | refused                 | refused    | nothing |
 * | a deploy             | when it serves        | tried; HUP waits | after the reload        | refused    | nothing |
 * | a child ends         | the start fails       | it is respawned | new one's: reload fails | one less   | nothing |
 * | changed certificates | when it serves        | given           | after the reload        | nothing    | nothing |
 */
export type LifeState = 'starting' | 'serving' | 'reloading' | 'draining' | 'ended';

const FOLLOWING: Readonly<Record<LifeState, readonly LifeState[]>> = {
  starting: ['serving', 'draining', 'ended'],
  serving: ['reloading', 'draining'],
  reloading: ['serving', 'draining'],
  draining: ['ended'],
  ended: [],
};

/** Work was broken off because the state it belongs to is over; no failure. */
export class StateLeft extends Error {
  constructor(readonly state: LifeState) {
    super(`the front is no longer ${state}`);
  }
}

/** The one place that knows the state; every change goes through `enter`. */
export class Life {
  private current: LifeState = 'starting';
  private leave: () => void = () => {};
  private left: Promise<void>;
  private readonly listeners = new Set<(state: LifeState) => void>();

  constructor() {
    this.left = this.whenLeft();
  }

  get state(): LifeState {
    return this.current;
  }

  /** Nothing new is to be started any more. */
  get isEnding(): boolean {
    return this.current === 'draining' || this.current === 'ended';
  }

  /** @throws Error where the next state may not follow this one: a defect */
  enter(next: LifeState): void {
    if (!FOLLOWING[this.current].includes(next)) {
      throw new Error(`the front cannot be ${next} after it was ${this.current}`);
    }
    this.current = next;
    const { leave } = this;
    this.left = this.whenLeft();
    leave();
    for (const listener of this.listeners) listener(next);
  }

  /** @param listener called after each change. Returns the way to leave */
  onChange(listener: (state: LifeState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves when neither a start nor a reload is under way. */
  async settled(): Promise<void> {
    while (this.current === 'starting' || this.current === 'reloading') await this.left;
  }

  /**
   * The result of the work, as long as this state lasts.
   * @throws StateLeft as soon as the state is left, and where the work is done in the very turn in which it is
   */
  async during<T>(state: LifeState, work: Promise<T>): Promise<T> {
    if (this.current !== state) {
      work.catch(() => {});
      throw new StateLeft(state);
    }
    const breakOff = this.left.then((): never => {
      throw new StateLeft(state);
    });
    const result = await Promise.race([work, breakOff]);
    if (this.current !== state) throw new StateLeft(state);
    return result;
  }

  private whenLeft(): Promise<void> {
    return new Promise((resolve) => {
      this.leave = resolve;
    });
  }
}
