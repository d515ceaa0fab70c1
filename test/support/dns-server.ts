/** A DNS server on loopback that says every name is at 127.0.0.1 unless a test says otherwise, and holds SRV and TXT records that tests write (RFC 1035 §4). */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Ending, makeWorkspace, type Workspace } from './workspace.js';

const A = 1;
const AAAA = 28;
const SRV = 33;
const TXT = 16;
const NAME_ERROR = 3;

export class DnsServer {
  /** TXT records: a file for each name, a value on each line. */
  readonly texts: Workspace;
  /** IPv4 addresses of names that are elsewhere, and their services: `priority weight port host`. */
  readonly addresses = new Map<string, readonly string[]>();
  readonly services = new Map<string, readonly string[]>();
  /** Names that do not exist. */
  readonly absent = new Set<string>();
  private readonly socket = createSocket('udp4');

  private constructor(t: Ending) {
    this.texts = makeWorkspace(t);
  }

  static async start(t: Ending): Promise<DnsServer> {
    const server = new DnsServer(t);
    server.socket.on('message', (query, { port, address }) => {
      const answer = server.answer(query);
      if (answer !== null) server.socket.send(answer, port, address);
    });
    server.socket.bind(0, '127.0.0.1');
    await once(server.socket, 'listening');
    t.after(() => server.socket.close());
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  private answer(query: Buffer): Buffer | null {
    if (query.length < 17) return null;
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length).toLowerCase());
      at += 1 + length;
    }
    const question = query.subarray(12, at + 5);
    const type = query.readUInt16BE(at + 1);
    const name = labels.join('.');
    const isAbsent = this.absent.has(name);
    const records = isAbsent ? [] : this.records(name, type);
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    // A response with recursion; one question, no authority, nothing additional.
    head.writeUInt16BE(0x8180 | (isAbsent ? NAME_ERROR : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    const answers = records.map((data) => {
      const record = Buffer.alloc(12);
      // The name of the question, in class IN, for no time.
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(type, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt16BE(data.length, 10);
      return Buffer.concat([record, data]);
    });
    return Buffer.concat([head, question, ...answers]);
  }

  private records(name: string, type: number): Buffer[] {
    if (type === A) {
      const found = this.addresses.get(name) ?? ['127.0.0.1'];
      return found.map((address) => Buffer.from(address.split('.').map(Number)));
    }
    if (type === AAAA) return [];
    if (type === SRV) return (this.services.get(name) ?? []).map(encodeService);
    if (type !== TXT) return [];
    return this.readTexts(name).map((text) =>
      Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]),
    );
  }

  private readTexts(name: string): string[] {
    try {
      const lines = readFileSync(this.texts.at(name), 'latin1').split('\n');
      return lines.filter((line) => line !== '');
    } catch {
      return [];
    }
  }
}

/** RFC 2782: priority, weight, port, and the name in labels. */
function encodeService(text: string): Buffer {
  const [priority = 0, weight = 0, port = 0] = text.split(' ').map(Number);
  const numbers = Buffer.alloc(6);
  for (const [index, number] of [priority, weight, port].entries()) numbers.writeUInt16BE(number, index * 2);
  const labels = (text.split(' ')[3] ?? '').split('.');
  const name = labels.map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
  );
  return Buffer.concat([numbers, ...name, Buffer.from([0])]);
}
