/** The packets of multicast DNS (RFC 6762, RFC 1035 §4): reads what others send, and writes our answers. Bytes in, values out. */

/** RFC 6762 §17: larger ones are nobody's. */
const MAX_PACKET_BYTES = 9000;
const MAX_NAME_BYTES = 255;
/** More than anybody asks or tells at once. */
const MAX_QUESTIONS = 128;
const MAX_RECORDS = 512;
const HEAD_BYTES = 12;

const RESPONSE = 0x8000;
const AUTHORITATIVE = 0x0400;
const OPCODE = 0x7800;
const POINTER = 0xc0;
/** Class IN. */
const INTERNET = 1;
/** In a question: answer me alone. In a record: forget what you knew before. */
const TOP_BIT = 0x8000;
const ANY_CLASS = 255;

/** Types of records that we know. */
export const TYPES = { a: 1, aaaa: 28, nsec: 47, any: 255 } as const;

export interface Question {
  /** Lower-case, without the last dot. */
  readonly name: string;
  readonly type: number;
  /** RFC 6762 §5.4: an answer to the asker alone will do. */
  readonly wantsUnicast: boolean;
  /** As it stood in the packet, for whoever wants it back. */
  readonly bytes: Uint8Array;
}

export interface ResourceRecord {
  readonly name: string;
  readonly type: number;
  readonly ttlSeconds: number;
  readonly data: Uint8Array;
}

export interface Packet {
  readonly id: number;
  readonly isResponse: boolean;
  /** Of class IN or any. */
  readonly questions: readonly Question[];
  /** Of class IN: those of all three sections. In a question: what the asker knows already. */
  readonly records: readonly ResourceRecord[];
}

/** What a packet says; null: it is broken, or no plain question or answer. */
export function readPacket(bytes: Uint8Array): Packet | null {
  if (bytes.length < HEAD_BYTES || bytes.length > MAX_PACKET_BYTES) return null;
  const reader = new Reader(bytes);
  const [id, flags, questionCount] = [reader.short(), reader.short(), reader.short()];
  const recordCount = reader.short() + reader.short() + reader.short();
  if ((flags & OPCODE) !== 0 || questionCount > MAX_QUESTIONS || recordCount > MAX_RECORDS) return null;
  const questions: Question[] = [];
  for (let index = 0; index < questionCount; index += 1) {
    const name = reader.name();
    const type = reader.short();
    const askedClass = reader.short();
    if (name === null || reader.isBroken) return null;
    const kind = askedClass & ~TOP_BIT;
    if (kind !== INTERNET && kind !== ANY_CLASS) continue;
    const wantsUnicast = (askedClass & TOP_BIT) !== 0;
    questions.push({ name, type, wantsUnicast, bytes: writeQuestion(name, type) });
  }
  const records: ResourceRecord[] = [];
  for (let index = 0; index < recordCount; index += 1) {
    const name = reader.name();
    const type = reader.short();
    const recordClass = reader.short() & ~TOP_BIT;
    const ttlSeconds = reader.short() * 0x1_0000 + reader.short();
    const data = reader.take(reader.short());
    if (name === null || reader.isBroken) return null;
    if (recordClass === INTERNET) records.push({ name, type, ttlSeconds, data });
  }
  return { id, isResponse: (flags & RESPONSE) !== 0, questions, records };
}

/** Walks a packet; what lies behind its end reads as nothing and marks it broken. */
class Reader {
  isBroken = false;
  private offset = 0;

  constructor(private readonly bytes: Uint8Array) {}

  short(): number {
    const [high, low] = this.take(2);
    return high === undefined || low === undefined ? 0 : high * 256 + low;
  }

  take(length: number): Uint8Array {
    const end = this.offset + length;
    if (end > this.bytes.length) {
      this.isBroken = true;
      return new Uint8Array();
    }
    const taken = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  /** Null where it is broken. Every pointer leads before the place that the last one led to, so that none goes in a circle. */
  name(): string | null {
    const labels: string[] = [];
    let at = this.offset;
    let least = at;
    let hasJumped = false;
    let length = 0;
    for (;;) {
      const first = this.bytes[at];
      if (first === undefined) return this.break();
      if (first === 0) {
        if (!hasJumped) this.offset = at + 1;
        return labels.join('.').toLowerCase();
      }
      if ((first & POINTER) === POINTER) {
        const target = (first & ~POINTER) * 256 + (this.bytes[at + 1] ?? 0xffff);
        if (!hasJumped) this.offset = at + 2;
        if (target >= least) return this.break();
        hasJumped = true;
        at = target;
        least = target;
        continue;
      }
      length += 1 + first;
      if ((first & POINTER) !== 0 || at + 1 + first > this.bytes.length || length > MAX_NAME_BYTES) {
        return this.break();
      }
      labels.push(Buffer.from(this.bytes.subarray(at + 1, at + 1 + first)).toString('utf8'));
      at += 1 + first;
    }
  }

  private break(): null {
    this.isBroken = true;
    return null;
  }
}

/** What a response holds. */
export interface Response {
  /** Of the question; 0 where all hear it (RFC 6762 §18.1). */
  readonly id: number;
  /** Repeated for askers of plain DNS (RFC 6762 §6.7). */
  readonly question: Question | null;
  readonly answers: readonly ResourceRecord[];
  readonly additional: readonly ResourceRecord[];
  /** The records are all that there are of their name and type. */
  readonly flushes: boolean;
}

/** A response as it is sent. */
export function writeResponse({ id, question, answers, additional, flushes }: Response): Buffer {
  const counts = [question === null ? 0 : 1, answers.length, 0, additional.length];
  return Buffer.concat([
    shorts(id, RESPONSE | AUTHORITATIVE, ...counts),
    question?.bytes ?? new Uint8Array(),
    ...[...answers, ...additional].map((record) => writeRecord(record, flushes)),
  ]);
}

/** A question that all hear. */
export function writeQuery(name: string, type: number): Buffer {
  return Buffer.concat([shorts(0, 0, 1, 0, 0, 0), writeQuestion(name, type)]);
}

/** RFC 4034 §4.1: there are records of these types, all below 256, and of no others. */
export function nsecData(name: string, types: readonly number[]): Buffer {
  const bitmap = Buffer.alloc(Math.floor(Math.max(0, ...types) / 8) + 1);
  for (const type of types) bitmap[type >> 3] = (bitmap[type >> 3] ?? 0) | (0x80 >> (type & 7));
  return Buffer.concat([writeName(name), Buffer.from([0, bitmap.length]), bitmap]);
}

function writeQuestion(name: string, type: number): Buffer {
  return Buffer.concat([writeName(name), shorts(type, INTERNET)]);
}

function writeRecord({ name, type, ttlSeconds, data }: ResourceRecord, flushes: boolean): Buffer {
  const recordClass = INTERNET | (flushes ? TOP_BIT : 0);
  const life = [ttlSeconds >>> 16, ttlSeconds & 0xffff];
  return Buffer.concat([writeName(name), shorts(type, recordClass, ...life, data.length), data]);
}

function writeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const parts = labels.flatMap((label) => {
    const bytes = Buffer.from(label);
    return [Buffer.from([bytes.length]), bytes];
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function shorts(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}
