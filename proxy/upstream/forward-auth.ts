/** `--forward-auth`: asks another server about each request, over the pool; its 2xx lets the request in, anything else is the client's answer. */
import type { ForwardAuthRule } from '../../src/shared/config/access.js';
import { ERRORS, type ErrorCode } from '../../src/shared/errors.js';
import type { EntryStep, InquiryEnd } from '../exchange/access/inquiry.js';
import { clientAddressOf, clientKeyOf } from '../exchange/client-address.js';
import type { Exchange } from '../exchange/exchange.js';
import {
  connectionNames,
  DATE,
  LOCATION,
  RESPONSE_FIELDS,
  SET_COOKIE,
} from '../exchange/headers/field-kinds.js';
import { removeField } from '../exchange/headers/header-rules.js';
import { asOwn, type OutgoingFields } from '../exchange/headers/outgoing-fields.js';
import { buildUpstreamHeaders } from '../exchange/headers/request-headers.js';
import { httpDate } from '../exchange/headers/response-headers.js';
import { buildErrorReply } from '../exchange/reply/local-reply.js';
import type { Policy } from '../exchange/types.js';
import { createUpstream, type Upstream } from '../routing/upstream.js';
import { fieldValue } from '../wire/syntax/field-list.js';
import type { Pool } from './pool.js';
import type { Lease, LeaseHandler, UpstreamResponse } from './transport.js';

/** Pages to log in are smaller. */
const MAX_REPLY_BYTES = 1024 * 1024;

/** Fields that are about the body or about what the client has already: the question is a GET without either. */
const NOT_ASKED = [
  ...[
    'content-type',
    'content-encoding',
    'content-language',
    'content-disposition',
    'expect',
    'te',
    'connection',
  ],
  ...['range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
  ...['x-forwarded-method', 'x-forwarded-uri'],
];

/** Fields by which the usual servers name the user, for the access log. */
const USER_FIELDS = [
  'remote-user',
  'x-remote-user',
  'x-auth-request-user',
  'x-authentik-username',
  'x-forwarded-user',
];

/** One rule in force. */
export class ForwardAuthorizer implements EntryStep {
  private readonly upstream: Upstream;
  /** The user's own rules are for the app. */
  private readonly policy: Policy;

  /** @param index of the rule, which no other has */
  constructor(
    private readonly rule: ForwardAuthRule,
    index: number,
    private readonly pool: Pool,
    policy: Policy,
  ) {
    const [address] = rule.app.upstreams;
    if (address === undefined) throw new Error('an authorizer without an address');
    const state = {
      ...address,
      id: -1_000_000 - index,
      app: -1,
      key: '',
      hostName: null,
      needsLength: false,
      ready: true,
    };
    this.upstream = createUpstream(state, rule.app);
    this.policy = { ...policy, config: { ...policy.config, headerUp: [], via: false } };
  }

  ask(exchange: Exchange, done: InquiryEnd): () => void {
    const question = new Question(exchange, this.upstream, this.rule, this.pool, done);
    question.start(this.fieldsOf(exchange));
    return () => question.cancel();
  }

  /** The client's own fields, and where it wants to go (as Caddy and Traefik ask). */
  private fieldsOf({ head, facts, requestId, addedFields }: Exchange): OutgoingFields {
    const fields = asOwn(
      buildUpstreamHeaders(
        { ...head, method: 'GET', memo: null },
        facts,
        {
          ...{ requestId, authority: this.upstream.authority, framing: 'none', contentLength: 0 },
          ...{ upgrade: '', expectContinue: false, entry: null, addedFields },
        },
        this.policy,
      ),
    );
    for (const name of NOT_ASKED) removeField(fields.own, name);
    fields.own.push('x-forwarded-method', head.method, 'x-forwarded-uri', head.path);
    return fields;
  }
}

/** One request that waits for its answer. */
class Question implements LeaseHandler {
  readonly needsHttp1 = false;
  readonly client: string;
  private lease: Lease | null = null;
  private fields: OutgoingFields | null = null;
  private timer: NodeJS.Timeout | null = null;
  /** Nothing more is told. */
  private over = false;
  private repeated = false;
  /** Set where the answer is the client's. */
  private reply: {
    readonly status: number;
    readonly headers: string[];
    chunks: Buffer[];
    bytes: number;
  } | null = null;

  constructor(
    private readonly exchange: Exchange,
    private readonly upstream: Upstream,
    private readonly rule: ForwardAuthRule,
    private readonly pool: Pool,
    private readonly done: InquiryEnd,
  ) {
    this.client = clientKeyOf(clientAddressOf(exchange.head, exchange.facts, exchange.policy));
  }

  start(fields: OutgoingFields): void {
    this.fields = fields;
    this.timer = setTimeout(
      () => this.fail('forward_auth_timeout', 'it takes too long'),
      this.rule.timeoutMs,
    );
    this.timer.unref();
    this.take(false);
  }

  /** The client has gone. */
  cancel(): void {
    this.over = true;
    this.letGo();
  }

  onLease(lease: Lease): void {
    if (this.over || this.fields === null) {
      lease.abort();
      return;
    }
    this.lease = lease;
    const { head, facts } = this.exchange;
    const asked = { ...head, method: 'GET', path: this.rule.path, memo: null };
    lease.sendHead({ head: asked, facts }, this.rule.path, this.fields, 'none');
    lease.flush();
  }

  onNoLease(code: ErrorCode): void {
    this.fail(failureOf(code), code);
  }

  onInformational(): void {}

  onResponse({ status, headers }: UpstreamResponse): void {
    if (this.over) return;
    if (status < 200 || status > 299) {
      this.reply = { status, headers: relayed(headers), chunks: [], bytes: 0 };
      return;
    }
    this.admit(headers);
  }

  onBody(view: Buffer): void {
    const { reply } = this;
    if (reply === null || this.over) return;
    reply.bytes += view.length;
    if (reply.bytes > MAX_REPLY_BYTES) this.fail('forward_auth_failed', 'its answer is larger than 1 MiB');
    else reply.chunks.push(Buffer.from(view));
  }

  onEnd(): void {
    this.lease = null;
    if (this.timer !== null) clearTimeout(this.timer);
    const { reply } = this;
    if (reply === null || this.over) return;
    this.over = true;
    const body = Buffer.concat(reply.chunks);
    const headers = [...reply.headers, 'content-length', String(body.length)];
    if (fieldValue(headers, 'date') === '') headers.push('date', httpDate());
    this.exchange.failed('forward_auth_refused');
    this.done({ status: reply.status, headers, body });
  }

  onTunnel(): void {
    this.fail('forward_auth_failed', 'it answers 101');
  }

  onFlush(): void {}

  onWritable(): void {}

  onFailure(code: ErrorCode, silent: boolean): void {
    this.lease = null;
    if (this.over) {
      if (this.timer !== null) clearTimeout(this.timer);
      return;
    }
    // A kept connection that was closed beneath the question.
    if (silent && !this.repeated && this.reply === null) {
      this.repeated = true;
      this.take(true);
    } else this.fail(failureOf(code), code);
  }

  private take(fresh: boolean): void {
    const lease = this.pool.tryTake(this.upstream, this, fresh);
    if (lease !== null) {
      this.onLease(lease);
      return;
    }
    const code = this.pool.wait(this.upstream, this, fresh);
    if (code !== null) this.onNoLease(code);
  }

  /** The fields of the answer that the app is to have, and none of the client's by their names. */
  private admit(headers: readonly string[]): void {
    const { names, replyNames } = this.rule;
    const added = pick(headers, names);
    if (replyNames.length > 0) {
      const { replyFields } = this.exchange;
      this.exchange.replyFields = [...(replyFields ?? []), ...pick(relayed(headers), replyNames)];
    }
    const user = USER_FIELDS.find((name) => fieldValue(added, name) !== '');
    this.exchange.admitUser(user === undefined ? this.exchange.user : fieldValue(added, user), names, added);
    this.over = true;
    // What follows the head is read to its end, or cut by the timer, which only lets go from now on.
    this.done(null);
  }

  /** Nobody comes in whom nobody has let in. */
  private fail(code: 'forward_auth_failed' | 'forward_auth_timeout', reason: string): void {
    this.letGo();
    if (this.over) return;
    this.over = true;
    const { exchange, upstream } = this;
    exchange.services.notices.warn(
      `--forward-auth ${upstream.name}`,
      `${upstream.name} does not say who may come in (${reason}): requests are refused`,
      'look at that server and at the URL of --forward-auth',
    );
    exchange.failed(code);
    this.done(buildErrorReply(code, exchange.head, exchange.requestId));
  }

  private letGo(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    const { lease } = this;
    this.lease = null;
    if (lease !== null) lease.abort();
    else this.pool.forget(this.upstream, this);
  }
}

/** Its own time limit and those of apps mean the same here: nobody has answered in time. */
function failureOf(code: ErrorCode): 'forward_auth_failed' | 'forward_auth_timeout' {
  return ERRORS[code].status === 504 ? 'forward_auth_timeout' : 'forward_auth_failed';
}

/** The fields of a flat list that have one of the names. */
function pick(headers: readonly string[], names: readonly string[]): string[] {
  const picked: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (names.includes(name)) picked.push(name, headers[index + 1] ?? '');
  }
  return picked;
}

/** The fields of an answer as the client gets them: Location and Set-Cookie too, nothing of the connection. */
function relayed(headers: readonly string[]): string[] {
  const listed = connectionNames(headers);
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const kind = RESPONSE_FIELDS.get(name);
    const isPlain = kind === undefined || kind === LOCATION || kind === DATE || kind === SET_COOKIE;
    if (isPlain && !listed?.includes(name) && name !== 'trailer') kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}
