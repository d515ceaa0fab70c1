/** Where those who order certificates and the routers meet: answers to challenges go out and are acknowledged. */
import {
  type CertificateOrders,
  type CertificateUser,
  type ChallengeAnswers,
  NO_ANSWERS,
  type OnDemandCounts,
} from '../shared/config/acme.js';
import type { Routers } from './routers/routers.js';

/** A router that is alive takes a message within milliseconds; a busy machine may need longer. */
const TAKE_MS = 10_000;

/** The master's side of CertificateOrders; idle where there are none. */
export class OrdersDesk {
  private current = NO_ANSWERS;
  private running = false;

  /**
   * @param routers those that take connections, or will
   * @param onChanged serves the newest certificates
   * @param askApp asks the app for a path, as CertificateUser has it
   */
  constructor(
    private readonly orders: CertificateOrders | null,
    private readonly routers: () => readonly Routers[],
    private readonly onChanged: () => void,
    private readonly askApp: CertificateUser['askApp'],
  ) {}

  /** Names that got their certificate at a handshake; null where none does. */
  get counts(): OnDemandCounts | null {
    return this.orders?.counts ?? null;
  }

  /** What routers that start now begin with. */
  get answers(): ChallengeAnswers {
    return this.current;
  }

  start(): void {
    this.running = true;
    this.orders?.start({
      publish: (answers) => this.publish(answers),
      certificatesChanged: this.onChanged,
      leafChanged: (name) => {
        for (const routers of this.routers()) routers.forgetLeaf(name);
      },
      askApp: this.askApp,
    });
  }

  async stop(): Promise<void> {
    if (this.running) await this.orders?.stop();
  }

  private async publish(answers: Pick<ChallengeAnswers, 'http' | 'tls'>): Promise<void> {
    const challenges = { ...answers, version: this.current.version + 1 };
    this.current = challenges;
    const all = this.routers();
    await withinTime(all.map((routers) => routers.taken(routers.change({ challenges }))));
  }
}

async function withinTime(promises: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const text = `a router has not taken the answer to a challenge within ${TAKE_MS / 1000} seconds`;
    timer = setTimeout(() => reject(new Error(text)), TAKE_MS);
  });
  try {
    await Promise.race([Promise.all(promises), late]);
  } finally {
    clearTimeout(timer);
  }
}
