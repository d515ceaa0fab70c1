/** Answers for one name by multicast DNS (RFC 6762) with our addresses, and takes the name back at the end. Over IPv4, which every phone has. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import type { LanNetwork } from '../../shared/config/lan.js';
import { addressBytes, isOnLink } from './addresses.js';
import {
  nsecData,
  type Packet,
  type Question,
  type ResourceRecord,
  readPacket,
  TYPES,
  writeQuery,
  writeResponse,
} from './packet.js';

/** Where all hear it, and where we listen; tests have places of their own. */
export interface MulticastPlace {
  readonly group: string;
  readonly port: number;
  readonly bindAddress: string;
  readonly bindPort: number;
}

const MULTICAST: MulticastPlace = {
  group: '224.0.0.251',
  port: 5353,
  bindAddress: '0.0.0.0',
  bindPort: 5353,
};

/** RFC 6762 §10: of records with addresses. */
const TTL_SECONDS = 120;
/** RFC 6762 §6.7: askers of plain DNS hear no goodbye. */
const LEGACY_TTL_SECONDS = 10;
/** RFC 6762 §8.3: said twice, a second apart. */
const SECOND_WORD_MS = 1000;
/** RFC 6762 §6: nothing is told to all of a network more often. */
const LEAST_PAUSE_MS = 1000;
/** Questions of one packet that are answered: a small packet makes no flood. */
const MAX_ANSWERED = 4;
/** Answers that wait to be sent; a flood of questions gets no more. */
const MAX_WAITING = 64;

/** The answers about our name in one network. */
interface Realm {
  /** Through which all of it are reached. */
  readonly address: string;
  readonly networks: readonly LanNetwork[];
  /** When all of it were last told, by type. */
  readonly toldAtMs: Map<number, number>;
}

export class MdnsResponder {
  private socket: Socket | null = null;
  private readonly realms: readonly Realm[];
  private readonly ownBytes: ReadonlySet<string>;
  private hasConflict = false;
  private waiting = 0;
  /** Sending goes through one interface after another. */
  private sending: Promise<void> = Promise.resolve();
  private secondWord: NodeJS.Timeout | undefined;

  /**
   * @param name `shop.local`
   * @param onConflict called once where another machine answers for it
   */
  constructor(
    private readonly name: string,
    private readonly networks: readonly LanNetwork[],
    private readonly onConflict: (address: string) => void,
    private readonly place: MulticastPlace = MULTICAST,
  ) {
    const firsts = networks.filter(({ family }) => family === 4);
    this.realms = firsts.map(({ address, interfaceName }) => ({
      address,
      networks: networks.filter((one) => one.interfaceName === interfaceName),
      toldAtMs: new Map(),
    }));
    this.ownBytes = new Set(networks.map(({ address }) => addressBytes(address).toString('hex')));
  }

  /** Listens, and tells all that the name is ours. @returns the port; rejects with the system's error where it cannot be had */
  async open(): Promise<number> {
    const { bindAddress, bindPort, group } = this.place;
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(bindPort, bindAddress, resolve);
    });
    socket.removeAllListeners('error');
    // A network that has gone: the front looks after that.
    socket.on('error', () => {});
    this.socket = socket;
    if (isMulticast(group)) {
      socket.setMulticastTTL(255);
      for (const { address } of this.realms) attempt(() => socket.addMembership(group, address));
    }
    socket.on('message', (bytes, from) => this.receive(bytes, from));
    // Whoever has the name already says so.
    this.tellAll(() => writeQuery(this.name, TYPES.any));
    this.announce(TTL_SECONDS);
    this.secondWord = setTimeout(() => this.announce(TTL_SECONDS), SECOND_WORD_MS);
    return socket.address().port;
  }

  /** Says goodbye: records with no time to live (RFC 6762 §10.1). */
  async close(): Promise<void> {
    clearTimeout(this.secondWord);
    const { socket } = this;
    if (socket === null) return;
    this.announce(0);
    await this.sending;
    this.socket = null;
    socket.close();
  }

  private receive(bytes: Uint8Array, from: RemoteInfo): void {
    if (!this.networks.some((network) => isOnLink(from.address, network))) return;
    const packet = readPacket(bytes);
    if (packet === null) return;
    if (packet.isResponse) this.watch(packet, from.address);
    else {
      const asked = packet.questions.filter(({ name }) => name === this.name).slice(0, MAX_ANSWERED);
      for (const question of asked) this.answer(question, packet, from);
    }
  }

  /** Another machine that answers for the name. */
  private watch({ records }: Packet, address: string): void {
    if (this.hasConflict || this.networks.some((network) => network.address === address)) return;
    const isOther = records.some(
      ({ name, type, ttlSeconds, data }) =>
        name === this.name &&
        (type === TYPES.a || type === TYPES.aaaa) &&
        ttlSeconds > 0 &&
        !this.ownBytes.has(Buffer.from(data).toString('hex')),
    );
    if (!isOther) return;
    this.hasConflict = true;
    this.onConflict(address);
  }

  private answer(question: Question, packet: Packet, from: RemoteInfo): void {
    const realm = this.realms.find(({ networks }) => networks.some((one) => isOnLink(from.address, one)));
    if (realm === undefined) return;
    const isLegacy = from.port !== this.place.port;
    const ttlSeconds = isLegacy ? LEGACY_TTL_SECONDS : TTL_SECONDS;
    const all = this.recordsOf(realm, ttlSeconds);
    const asked = all.filter(({ type }) => question.type === TYPES.any || type === question.type);
    // RFC 6762 §6.1: that there is none is an answer too, and nobody waits for it.
    const answers = asked.length > 0 ? asked : [this.denial(all, ttlSeconds)];
    const news = answers.filter((record) => !isKnown(record, packet.records));
    if (news.length === 0) return;
    const additional = asked.length > 0 ? all.filter((record) => !answers.includes(record)) : [];
    if (isLegacy || question.wantsUnicast) {
      const response = writeResponse({
        id: isLegacy ? packet.id : 0,
        question: isLegacy ? question : null,
        answers: news,
        additional,
        flushes: !isLegacy,
      });
      this.queue(() => this.send(response, from.port, from.address));
      return;
    }
    const now = performance.now();
    const lastMs = realm.toldAtMs.get(question.type);
    if (lastMs !== undefined && now - lastMs < LEAST_PAUSE_MS) return;
    realm.toldAtMs.set(question.type, now);
    // A flood of types that nobody has: what was told of them is forgotten.
    if (realm.toldAtMs.size > MAX_WAITING) realm.toldAtMs.clear();
    this.tell(realm, writeResponse({ id: 0, question: null, answers: news, additional, flushes: true }));
  }

  private recordsOf({ networks }: Realm, ttlSeconds: number): readonly ResourceRecord[] {
    const { name } = this;
    return networks.map(({ address }) => {
      const type = isIPv4(address) ? TYPES.a : TYPES.aaaa;
      return { name, type, ttlSeconds, data: addressBytes(address) };
    });
  }

  private denial(all: readonly ResourceRecord[], ttlSeconds: number): ResourceRecord {
    const { name } = this;
    const types = [...new Set(all.map(({ type }) => type))];
    return { name, type: TYPES.nsec, ttlSeconds, data: nsecData(name, types) };
  }

  private announce(ttlSeconds: number): void {
    this.tellAll((realm) => {
      const answers = this.recordsOf(realm, ttlSeconds);
      return writeResponse({ id: 0, question: null, answers, additional: [], flushes: true });
    });
  }

  private tellAll(write: (realm: Realm) => Buffer): void {
    for (const realm of this.realms) this.tell(realm, write(realm));
  }

  private tell({ address }: Realm, packet: Buffer): void {
    const { group, port } = this.place;
    this.queue(() => {
      if (isMulticast(group)) attempt(() => this.socket?.setMulticastInterface(address));
      return this.send(packet, port, group);
    });
  }

  private queue(send: () => Promise<void>): void {
    if (this.waiting >= MAX_WAITING) return;
    this.waiting += 1;
    this.sending = this.sending.then(send).then(() => {
      this.waiting -= 1;
    });
  }

  /** What cannot be sent (a network that has gone) is lost, as on the way. */
  private send(packet: Buffer, port: number, address: string): Promise<void> {
    const { socket } = this;
    if (socket === null) return Promise.resolve();
    return new Promise((resolve) => {
      try {
        socket.send(packet, port, address, () => resolve());
      } catch {
        resolve();
      }
    });
  }
}

/** RFC 6762 §7.1: who knows it for at least half of its time needs no answer. */
function isKnown(
  { name, type, ttlSeconds, data }: ResourceRecord,
  known: readonly ResourceRecord[],
): boolean {
  return known.some(
    (one) =>
      one.name === name &&
      one.type === type &&
      one.ttlSeconds * 2 >= ttlSeconds &&
      Buffer.compare(one.data, data) === 0,
  );
}

function isMulticast(group: string): boolean {
  const first = Number(group.split('.')[0]);
  return first >= 224 && first < 240;
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The network has gone meanwhile.
  }
}
