/** Serves the private networks: keeps the process for them, tells the terminal what phones need, and notices another network. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { bracketHost, isLoopback } from '../../shared/addresses/host-port.js';
import type { Config } from '../../shared/config/config.js';
import {
  isLanReport,
  type LanNetwork,
  type LanOrder,
  type LanPlace,
  type LanReport,
} from '../../shared/config/lan.js';
import type { BoundListener, Identity } from '../../shared/messages/router-messages.js';
import { programFile } from '../../system/package-files.js';
import { privateNetworks } from '../../system/private-networks.js';
import type { MasterLog } from '../log.js';
import { blockedLines, cameraText, pageLines } from './lines.js';

/** What is served in the networks. */
export interface LanServed {
  readonly config: Config;
  readonly bound: readonly BoundListener[];
  /** Certificate of the development authority. */
  readonly authorityFile: string | null;
  readonly identity: Identity | null;
}

type StartOrder = Extract<LanOrder, { type: 'start' }>;

/** A joined Wi-Fi is noticed within this. */
const LOOK_EVERY_MS = 3_000;
/** After this long without a visitor something is likely in the way. */
const VISIT_MS = 20_000;
/** Easy to type where no camera is at hand. */
const PAGE_PORT = 4480;

/** Begins with the first `update`. */
export class LanDesk {
  private served: LanServed | null = null;
  private order: StartOrder | null = null;
  private helper: ChildProcess | null = null;
  private readonly watch: NodeJS.Timeout;
  private visit: NodeJS.Timeout | undefined;
  /** Addresses as seen last, so that a reload that fails is not tried for ever. */
  private seen: string;
  private isClosed = false;

  /**
   * @param joined called where this machine has an address that the front does not listen on
   * @param look tells the networks of this moment
   */
  constructor(
    private readonly log: MasterLog,
    private readonly joined: () => void,
    private readonly look: () => readonly LanNetwork[] = privateNetworks,
  ) {
    this.seen = JSON.stringify(look());
    this.watch = setInterval(() => this.notice(), LOOK_EVERY_MS);
    this.watch.unref();
  }

  /** Serves this from now on, or nothing any more (null). */
  update(served: LanServed | null): void {
    this.served = served;
    const order = served === null ? null : this.orderFor(served);
    if (JSON.stringify(order) === JSON.stringify(this.order)) return;
    this.order = order;
    // One that runs ends first, since the port of its page is wanted again.
    if (this.helper === null) this.start();
    else this.stop();
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.watch);
    clearTimeout(this.visit);
    this.stop();
  }

  private notice(): void {
    const now = this.look();
    const text = JSON.stringify(now);
    if (this.isClosed || text === this.seen || this.served === null) return;
    this.seen = text;
    const { bound } = this.served;
    if (now.every(({ address }) => bound.some(({ host }) => host === address))) this.update(this.served);
    else this.joined();
  }

  /** Null where no network is left. */
  private orderFor({ config, bound, authorityFile }: LanServed): StartOrder | null {
    const secure = bound.filter(({ kind, host }) => kind === 'https' && !isLoopback(host));
    const places = this.look().flatMap((network): readonly LanPlace[] => {
      const listener = secure.find(({ host }) => host === network.address);
      return listener === undefined ? [] : [{ network, url: urlOf(network.address, listener.port) }];
    });
    const [first] = places;
    const port = secure.find(({ host }) => host === first?.network.address)?.port;
    if (config.lan === null || authorityFile === null || port === undefined) return null;
    const { name } = config.lan;
    const authorityPem = readFileSync(authorityFile, 'utf8');
    return { type: 'start', name, nameUrl: urlOf(name, port), places, authorityPem, pagePort: PAGE_PORT };
  }

  private start(): void {
    const { order, log, served } = this;
    if (order === null || this.isClosed) return;
    const { uid = null, gid = null } = served?.identity ?? {};
    const helper = fork(programFile('lan'), [], {
      stdio: ['ignore', log.childOutput, log.childOutput, 'ipc'],
      ...(uid === null ? {} : { uid }),
      ...(gid === null ? {} : { gid }),
    });
    this.helper = helper;
    helper.on('message', (message: unknown) => {
      if (this.helper === helper && this.order === order && isLanReport(message))
        this.receive(message, order);
    });
    helper.once('error', (error) => log.warning(`nothing is served for phones: ${error.message}`));
    helper.once('exit', () => {
      this.helper = null;
      clearTimeout(this.visit);
      if (this.isClosed) return;
      if (this.order === order)
        log.warning('the process for the network has ended: its page and name are gone');
      else this.start();
    });
    helper.send(order);
  }

  private stop(): void {
    const { helper } = this;
    if (helper?.connected === true) helper.send({ type: 'stop' } satisfies LanOrder);
  }

  private receive(report: LanReport, order: StartOrder): void {
    const { log } = this;
    const { name } = order;
    switch (report.type) {
      case 'page':
        this.tellPage(order, report.port);
        return;
      case 'no_page':
        log.warning(`the page for phones cannot be served: ${report.reason}`);
        log.hint('give phones the certificate of tlsfront ca show --pem');
        return;
      case 'no_name':
        log.warning(`${name} leads nowhere: ${report.reason}`);
        log.hint(`use ${order.places[0]?.url}`);
        return;
      case 'conflict':
        log.warning(`${name} is answered for by ${report.address} too: phones may go there`);
        log.hint('give this one another name: --name NAME');
        return;
      case 'visited':
        clearTimeout(this.visit);
        log.line(`${report.address} (${report.device}) looks at the page for phones`);
        return;
      case 'trusted':
        log.line(`${report.address} (${report.device}) trusts the certificate`);
        return;
      default:
        report satisfies never;
    }
  }

  private tellPage(order: StartOrder, port: number): void {
    const { log } = this;
    for (const line of pageLines(order, port)) log.line(line);
    const drawing = cameraText(order, port, log.style);
    if (drawing !== '') log.answer(drawing.trimEnd());
    if (!log.style.onTerminal) return;
    this.visit = setTimeout(() => {
      const { warning, hint } = blockedLines(order, port);
      log.warning(warning);
      log.hint(hint);
    }, VISIT_MS);
    this.visit.unref();
  }
}

function urlOf(host: string, port: number): string {
  return `https://${bracketHost(host)}${port === 443 ? '' : `:${port}`}`;
}
