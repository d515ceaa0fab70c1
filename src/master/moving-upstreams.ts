/** Upstreams by names that move (`dns://`, `srv://`): the master looks them up as long as their records live, and says where they are now. */
import { promises as dns, type SrvRecord } from 'node:dns';
import { formatUpstream } from '../shared/addresses/upstream-text.js';
import type { AppUpstream } from '../shared/config/apps.js';
import type { Config } from '../shared/config/config.js';
import { systemCode } from '../shared/system-error.js';

/** A record that lives shorter, or for no time, is asked for as often. */
const MIN_LIFE_MS = 5_000;
/** An orchestrator may take an hour's record back; nobody waits that long. */
const MAX_LIFE_MS = 60_000;
/** node:dns does not give the lives of SRV records; those of the hosts behind them count with this. */
const SRV_LIFE_MS = 30_000;
/** A start or a reload waits no longer for its names. */
const PATIENCE_MS = 3_000;
/** Weights of SRV go to 65535, those of ours to 1000. */
const MAX_WEIGHT = 1_000;

/** One address at which a name is. */
export interface FoundAddress {
  readonly host: string;
  readonly port: number;
  /** null: that of the upstream as configured. */
  readonly weight: number | null;
  /** Name of the host, which its certificate bears. */
  readonly name: string;
}

/** What a look-up found, and for how long that holds. */
export interface Found {
  readonly addresses: readonly FoundAddress[];
  readonly lifeMs: number;
}

/** What of node:dns is asked, so that a test can have a server of its own. */
export interface Resolver {
  resolve4(name: string, options: { ttl: true }): Promise<readonly { address: string; ttl: number }[]>;
  resolve6(name: string, options: { ttl: true }): Promise<readonly { address: string; ttl: number }[]>;
  resolveSrv(name: string): Promise<readonly SrvRecord[]>;
}

/** Where an upstream of a name is now. */
export interface MovingUpstream {
  readonly upstream: AppUpstream;
  /** Index into Config.apps. */
  readonly app: number;
  readonly addresses: readonly FoundAddress[];
}

interface Place extends MovingUpstream {
  addresses: readonly FoundAddress[];
  isMissing: boolean;
  timer: NodeJS.Timeout | null;
}

/** Keeps every name of a configuration looked up until it is stopped. */
export class MovingUpstreams {
  private readonly places: readonly Place[];
  private isStopped = false;

  /** @param onMoved called when a name is somewhere else than before */
  constructor(
    { apps, dnsServers }: Pick<Config, 'apps' | 'dnsServers'>,
    private readonly log: { line(text: string): void; warning(text: string): void },
    private readonly onMoved: () => void,
    private readonly resolver: Resolver = createResolver(dnsServers),
  ) {
    this.places = apps.flatMap(({ upstreams }, app) =>
      upstreams
        .filter(({ lookUp }) => lookUp !== null)
        .map((upstream) => ({ upstream, app, addresses: [], isMissing: false, timer: null })),
    );
  }

  /** Where each is at this moment. */
  get all(): readonly MovingUpstream[] {
    return this.places;
  }

  /** Looks all up; resolves when each was looked up once, found or not, or when a server takes too long. */
  async start(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([Promise.all(this.places.map((place) => this.refresh(place))), patience]);
    clearTimeout(timer);
  }

  /** Nothing is looked up any more. */
  stop(): void {
    this.isStopped = true;
    for (const { timer } of this.places) if (timer !== null) clearTimeout(timer);
  }

  private async refresh(place: Place): Promise<void> {
    const name = formatUpstream(place.upstream);
    let lifeMs = MIN_LIFE_MS;
    try {
      const found = await lookUp(place.upstream, this.resolver);
      if (this.isStopped) return;
      lifeMs = found.lifeMs;
      if (place.isMissing) this.log.line(`${name} is found again`);
      place.isMissing = false;
      if (JSON.stringify(found.addresses) !== JSON.stringify(place.addresses)) {
        place.addresses = found.addresses;
        this.onMoved();
      }
    } catch (error) {
      if (this.isStopped) return;
      const reason = systemCode(error) ?? String(error);
      const consequence =
        place.addresses.length === 0 ? 'nothing is sent there yet' : 'its last addresses are kept';
      if (!place.isMissing) this.log.warning(`${name} is not found (${reason}): ${consequence}`);
      place.isMissing = true;
    }
    place.timer = setTimeout(
      () => void this.refresh(place),
      Math.min(Math.max(lifeMs, MIN_LIFE_MS), MAX_LIFE_MS),
    );
    place.timer.unref();
  }
}

function createResolver(servers: readonly string[]): Resolver {
  const resolver = new dns.Resolver();
  if (servers.length > 0) resolver.setServers(servers);
  return resolver;
}

/** Rejects with the error of the resolver when there is no such name, or it has no address. */
export async function lookUp({ lookUp: kind, host, port }: AppUpstream, resolver: Resolver): Promise<Found> {
  if (kind !== 'srv') {
    const { hosts, lifeMs } = await resolveHost(host, resolver);
    return { addresses: hosts.map((address) => ({ host: address, port, weight: null, name: host })), lifeMs };
  }
  const records = await resolver.resolveSrv(host);
  // RFC 2782: only those of the lowest priority that can be had; the others stand by.
  const priority = Math.min(...records.map((record) => record.priority));
  const taken = records.filter((record) => record.priority === priority);
  const found = await Promise.all(
    taken.map(async (record) => {
      const { hosts, lifeMs } = await resolveHost(record.name, resolver);
      const weight = Math.min(Math.max(record.weight, 1), MAX_WEIGHT);
      return {
        lifeMs,
        addresses: hosts.map((address) => ({ host: address, port: record.port, weight, name: record.name })),
      };
    }),
  );
  const lifeMs = Math.min(SRV_LIFE_MS, ...found.map((one) => one.lifeMs));
  return { addresses: inOrder(found.flatMap(({ addresses }) => addresses)), lifeMs };
}

/** A and AAAA; an error only where there is neither. */
async function resolveHost(
  name: string,
  resolver: Resolver,
): Promise<{ hosts: readonly string[]; lifeMs: number }> {
  const [four, six] = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ]);
  const records = [four, six].flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  if (records.length === 0) throw four.status === 'rejected' ? four.reason : new Error('it has no address');
  // Servers turn their answers round; the same addresses are no news.
  const hosts = [...new Set(records.map(({ address }) => address))].sort();
  return { hosts, lifeMs: Math.min(...records.map(({ ttl }) => ttl)) * 1000 };
}

function inOrder(addresses: readonly FoundAddress[]): readonly FoundAddress[] {
  return [...addresses].sort((first, second) => (key(first) < key(second) ? -1 : 1));
}

function key({ host, port }: FoundAddress): string {
  return `${host} ${port}`;
}
