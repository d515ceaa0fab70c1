/** Fuzz target: uwsgi packets, and the answers of uWSGI workers. The input's first byte says which, and how it is read. */
import { UwsgiCodec } from '../../../proxy/upstream/uwsgi/codec.js';
import {
  DEFAULT_HTTP1_LIMITS,
  type Http1Limits,
  type ResponseHead,
} from '../../../proxy/wire/http1/events.js';
import { RecentHeads } from '../../../proxy/wire/http1/recent-heads.js';
import {
  decodeUwsgiPacket,
  encodeUwsgiPacket,
  MAX_VARIABLES_BYTES,
} from '../../../proxy/wire/uwsgi/packet.js';
import { SeededRandom } from '../../support/random.js';
import { type Account, type Decoder, holdsFields, readPieces } from './http1-account.js';
import { workerResponse } from './http1-grammar.js';
import { holdsResponse, isTunnel, NARROW_LIMITS, rewrites } from './http1-responses.js';
import { mutateBytes } from './mutate.js';
import { cutAnywhere, type FuzzTarget, hashOf, holds, type Outcome, same } from './target.js';

const METHODS: readonly [string, ...string[]] = ['GET', 'HEAD', 'POST', 'OPTIONS'];
const NAMES: readonly [string, ...string[]] = ['REQUEST_METHOD', 'PATH_INFO', 'HTTP_HOST', 'HTTP_COOKIE', ''];
const HEADER_BYTES = 4;
/** Bits of the first byte. */
const IS_PACKET = 1;
const ENDED = 2;

type Packet = ReturnType<typeof decodeUwsgiPacket> | 'refused';

function readPacket(bytes: Buffer): Packet {
  try {
    return decodeUwsgiPacket(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return 'refused';
  }
}

function checkPacket(bytes: Buffer, random: SeededRandom): Outcome {
  const packet = readPacket(bytes);
  const endBytes =
    bytes.length < HEADER_BYTES ? Number.POSITIVE_INFINITY : HEADER_BYTES + bytes.readUInt16LE(1);
  same(packet === null, bytes.length < endBytes, 'complete or not');
  const cut = random.below(bytes.length + 1);
  if (cut < endBytes) same(readPacket(bytes.subarray(0, cut)), null, 'a part of a packet');
  else same(readPacket(bytes.subarray(0, cut)), packet, 'a packet and less of what follows it');
  if (packet === null) return 'partial';
  same(
    readPacket(Buffer.concat([bytes, random.bytes(random.below(20))])),
    packet,
    'a packet and more behind it',
  );
  if (packet === 'refused') return 'refused';
  const { variables, bytesRead } = packet;
  same(bytesRead, endBytes, 'bytes read');
  const again = Buffer.from(encodeUwsgiPacket(variables) ?? 'too large', 'latin1');
  holds(again.length <= HEADER_BYTES + MAX_VARIABLES_BYTES, 'a packet over its bound');
  const expected = Buffer.from(bytes.subarray(0, bytesRead));
  // Modifiers are the writer's to choose: ours are 0.
  expected[0] = 0;
  expected[3] = 0;
  same(again.toString('latin1'), expected.toString('latin1'), 'the packet written again');
  return 'accepted';
}

/** The codec as one decoder. */
class WorkerDecoder implements Decoder<ResponseHead> {
  private readonly codec: UwsgiCodec;

  constructor(limits: Http1Limits, method: string) {
    this.codec = new UwsgiCodec(limits, new RecentHeads(1));
    this.codec.decoder.expect(method);
  }

  receive(chunk: Buffer): void {
    this.codec.receive(chunk);
  }

  next(): number {
    return this.codec.decoder.next();
  }

  finish(): void {
    this.codec.decoder.finish();
  }

  takeRest(): Buffer {
    return this.codec.decoder.takeRest();
  }

  get head(): ResponseHead {
    // What an exchange is told must agree with what the decoder framed.
    const { head } = this.codec.decoder;
    const { status, headers, hasBody } = this.codec.describeResponse();
    same([status, headers, hasBody], [head.status, head.headers, head.framing !== 0], 'the response as told');
    same(this.codec.keepAlive, false, 'a worker kept alive');
    return head;
  }

  get body(): Buffer {
    return this.codec.decoder.body;
  }

  get trailers(): readonly string[] {
    return this.codec.decoder.trailers;
  }

  get pendingBytes(): number {
    return this.codec.decoder.pendingBytes;
  }

  get idle(): boolean {
    return this.codec.decoder.idle;
  }
}

function readWorker(
  method: string,
  pieces: readonly Buffer[],
  limits: Http1Limits,
  ended: boolean,
): Account<ResponseHead> {
  const decoder = new WorkerDecoder(limits, method);
  return readPieces(decoder, pieces, { limits, ended, isTunnel: (head) => isTunnel(method, head) });
}

/** The one status that CGI fields name; undefined when they name none, null when what they name is no final status. */
function statusNamed(text: string): number | null | undefined {
  // An answer may have no field at all.
  const [fields = ''] = text.startsWith('\r\n') ? [] : text.split('\r\n\r\n');
  const values = fields.split('\r\n').flatMap((line) => /^status:[ \t]*(.*?)[ \t]*$/is.exec(line)?.[1] ?? []);
  const [value] = values;
  if (value === undefined) return undefined;
  return values.length === 1 && /^[2-5]\d\d( .*)?$/s.test(value) ? Number(value.slice(0, 3)) : null;
}

function checkResponse(bytes: Buffer, mode: number, random: SeededRandom): Outcome {
  const hash = hashOf(bytes);
  const limits = hash % 4 === 0 ? NARROW_LIMITS : DEFAULT_HTTP1_LIMITS;
  const method = METHODS[(mode >> 2) & 3] ?? METHODS[0];
  const ended = (mode & ENDED) !== 0;
  const whole = readWorker(method, [bytes], limits, ended);
  const pieces = cutAnywhere(random, bytes, 1 + random.below(60));
  same(readWorker(method, pieces, limits, ended), whole, 'events of pieces');
  if (hash % 3 === 0)
    same(readWorker(method, cutAnywhere(random, bytes, 1), limits, ended), whole, 'events byte by byte');
  for (const message of whole.messages) holdsResponse(method, message);
  for (const { headers } of whole.informational) holdsFields(headers, 'informational');
  const text = bytes.toString('latin1');
  const [first] = whole.messages;
  if (!text.startsWith('HTTP/') && first !== undefined) {
    same(whole.informational.length, 0, 'interim responses of CGI');
    same(first.head.status, statusNamed(text) ?? (statusNamed(text) === null ? 'none' : 200), 'CGI status');
    holds(!first.head.headers.some((name, index) => index % 2 === 0 && name === 'status'), 'Status told');
  }
  rewrites([method], whole, ended);
  if (whole.error === '') return 'accepted';
  return whole.messages.some(({ complete }) => complete) ? 'partial' : 'refused';
}

function generate(random: SeededRandom): Buffer {
  if (random.oneIn(3)) {
    const variables: string[] = [];
    for (let count = random.below(6); count > 0; count -= 1) {
      variables.push(
        random.of(NAMES),
        random.bytes(random.below(random.oneIn(8) ? 700 : 30)).toString('latin1'),
      );
    }
    const packet = Buffer.from(encodeUwsgiPacket(variables) ?? '', 'latin1');
    const bytes = random.below(10) < 6 ? mutateBytes(random, packet) : packet;
    return Buffer.concat([Buffer.from([IS_PACKET]), bytes, random.bytes(random.below(8))]);
  }
  return Buffer.concat([Buffer.from([random.below(8) << 1]), Buffer.from(workerResponse(random), 'latin1')]);
}

export const UWSGI: FuzzTarget = {
  name: 'uwsgi',
  generate,
  check: (input) => {
    const mode = input[0] ?? 0;
    const bytes = input.subarray(1);
    const random = new SeededRandom(hashOf(input));
    return (mode & IS_PACKET) === 0 ? checkResponse(bytes, mode, random) : checkPacket(bytes, random);
  },
};
