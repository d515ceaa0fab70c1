/** The gate: everything that is asked about a request before it goes to an app, in this order. */
import type { ErrorCode } from '../../src/shared/errors.js';
import type { Route } from '../routing/route-table.js';
import type { Upstreams } from '../routing/upstreams.js';
import { fieldList, fieldValue, hostOf } from '../wire/syntax/field-list.js';
import { type EntryStep, Inquiry } from './access/inquiry.js';
import { type RateRefusal, rateFields } from './access/rate-limits.js';
import { clientAddressOf } from './client-address.js';
import type { Exchange } from './exchange.js';
import { answerChallenge } from './reply/acme-challenge.js';
import { answerHealth } from './reply/health-answer.js';
import { buildErrorReply, type LocalReply } from './reply/local-reply.js';
import { buildProjectsReply } from './reply/projects-page.js';
import { buildRedirect, buildRedirectToTls } from './reply/redirect.js';
import { followRedirects } from './reply/redirect-rules.js';
import type { CertificateNames, ConnectionFacts, Policy, RequestHead } from './types.js';

/**
 * How a listener uses its connections: forward them; redirect them to HTTPS; `misplaced`, plain HTTP on a port that speaks
 * TLS, whose clients are told where to go; or of clients that had to show a certificate and did not, or a wrong one.
 */
export type ListenerRole = 'serve' | 'redirect' | 'misplaced' | 'certificate_missing' | 'certificate_refused';

/** A connection in this role ends with its first answer: what follows belongs on another one. */
export function endsWithAnswer(role: ListenerRole): boolean {
  return role !== 'serve' && role !== 'redirect';
}

/** What the gate is asked about. */
export interface GateRequest {
  readonly exchange: Exchange;
  readonly role: ListenerRole;
  /** Announced body bytes; -1 when not known. */
  readonly contentLength: number;
}

/** The route of a request that may be forwarded, what is to be asked about it before, or the reply to one that may not be. */
export function passGate(request: GateRequest, upstreams: Upstreams): Route | Inquiry | LocalReply {
  const { exchange, role } = request;
  const { head, facts, services } = exchange;
  const { policy } = services;
  // Nothing of them is looked at, and nothing is told them of what is here.
  if (role === 'certificate_missing' || role === 'certificate_refused') return refuse(exchange, role);
  // Before everything: the authority has no certificate and no password, and comes from anywhere.
  const challenge = answerChallenge(head, facts, policy);
  if (challenge !== null) return challenge;
  // Load balancers ask by an address, over plain HTTP, from where nobody else comes.
  const health = answerHealth(head, policy.config);
  if (health !== null) return health;
  // Whoever connected itself has no connection any more; a trusted proxy may name another.
  if (facts.trusted && !policy.bans.isEmpty && policy.bans.has(clientAddressOf(head, facts, policy)))
    return refuse(exchange, 'banned');
  const { access } = policy;
  const place = access === null ? null : access.placeOf(head, facts, exchange.policy.site);
  const keptOut = place === null || access === null ? null : access.findKeptOut(head, facts, policy, place);
  if (keptOut !== null) return keepOut(exchange, keptOut);
  if (policy.hosts?.vouches(facts.listener, head.authority) === false) return keepHostOut(exchange);
  if (isMethodRefused(head)) return refuse(exchange, 'method_refused');
  if (isExpectationUnknown(head)) return refuse(exchange, 'expectation_failed');
  if (role === 'misplaced' && !isLocalWebSocket(head, facts)) return sendToTls(exchange);
  if (isMisdirected(head, facts.certificate, policy)) return refuse(exchange, 'misdirected');
  if (isLooping(head, policy)) return refuse(exchange, 'loop_detected');
  const { redirects } = policy.config;
  const redirected =
    redirects.length === 0
      ? null
      : followRedirects(redirects, head, facts, {
          role,
          httpsPort: policy.httpsPort,
          site: exchange.policy.site,
        });
  if (redirected !== null) return redirected;
  if (role === 'redirect') return redirect(exchange);
  if (place !== null && access !== null) {
    const tooMany = access.countRequest(head, facts, policy, place, performance.now());
    if (tooMany !== null) return slowDown(exchange, tooMany);
  }
  const { barrier } = policy.live;
  const turnedAway = barrier === null ? null : barrier.turnAway(exchange);
  if (turnedAway !== null) return turnedAway;
  if (isTooLarge(request)) {
    exchange.reachedLimit('maxBodyBytes');
    return refuse(exchange, 'request_too_large');
  }
  const route = upstreams.find(head, exchange.policy.site);
  if (route === null) return refuseNameless(exchange);
  exchange.route = route.name;
  const asked = place === null || access === null ? NO_STEPS : access.stepsFor(place);
  const steps = barrier === null ? asked : barrier.stepsAfter(asked);
  return steps.length === 0 ? route : new Inquiry(route, steps, upstreams);
}

const NO_STEPS: readonly EntryStep[] = [];

function refuse(exchange: Exchange, code: ErrorCode): LocalReply {
  exchange.failed(code);
  return buildErrorReply(code, exchange.head, exchange.requestId);
}

/** No app has the host or the path; where projects share the front, they are named. */
function refuseNameless(exchange: Exchange): LocalReply {
  const { head, requestId, services } = exchange;
  const { projects } = services.policy.live;
  if (projects === null) return refuse(exchange, 'no_route');
  exchange.failed('no_route');
  return buildProjectsReply(head, projects, requestId);
}

/** By `--allow` and `--deny`. */
function keepOut(exchange: Exchange, address: string): LocalReply {
  exchange.services.notices.warn(
    '--deny',
    `requests of ${address} are refused: --deny or --allow keeps it out`,
  );
  return refuse(exchange, 'forbidden');
}

/** A name that we do not know leads here by DNS rebinding, or its owner has not told us of it. */
function keepHostOut(exchange: Exchange): LocalReply {
  const { notices } = exchange.services;
  const asked = hostOf(exchange.head.authority).slice(0, MAX_NAME);
  // The hint is for a shell: nothing that one would obey.
  const host = /^[a-z0-9.:_[\]-]+$/.test(asked) ? asked : 'NAME';
  notices.warn(
    '--any-host',
    `requests for ${host} are refused: on loopback only names that the front knows are served`,
    `add --host ${host} if the name is yours; --any-host serves every name, also of pages that reach the app by DNS rebinding`,
  );
  return refuse(exchange, 'host_unknown');
}

/** Longest name (RFC 1035 §2.3.4). */
const MAX_NAME = 253;

/** 429 (RFC 6585 §4). */
function slowDown(exchange: Exchange, refusal: RateRefusal): LocalReply {
  const { head, facts, services } = exchange;
  const address = clientAddressOf(head, facts, services.policy);
  services.notices.warn('--rate-limit', `requests of ${address} are refused: more than --rate-limit allows`);
  const reply = refuse(exchange, 'rate_limited');
  reply.headers.push(...rateFields(refusal));
  return reply;
}

/** CONNECT would turn the front into an open proxy; TRACE would echo credentials (RFC 9110 §9.3.8). */
function isMethodRefused({ method }: RequestHead): boolean {
  return method === 'CONNECT' || method === 'TRACE';
}

/** Anything but 100-continue (RFC 9110 §10.1.1). */
function isExpectationUnknown({ headers }: RequestHead): boolean {
  const expectation = fieldValue(headers, 'expect');
  return expectation !== '' && expectation.toLowerCase() !== '100-continue';
}

/** A development tool on this machine that knows only `ws://` (Parcel's live reload): nobody else could have listened. */
function isLocalWebSocket({ headers }: RequestHead, { remoteAddress }: ConnectionFacts): boolean {
  if (fieldValue(headers, 'upgrade').toLowerCase() !== 'websocket') return false;
  return remoteAddress === '::1' || remoteAddress.startsWith('127.');
}

function sendToTls(exchange: Exchange): LocalReply {
  const { head } = exchange;
  const isRead = head.method === 'GET' || head.method === 'HEAD';
  if (isRead && head.authority !== '') return buildRedirectToTls(head);
  return refuse(exchange, 'tls_expected');
}

/**
 * 421 (RFC 9110 §15.5.20): the connection's certificate does not cover the host, but another does; or the host lets in other
 * clients than those that the connection was made for.
 */
function isMisdirected({ authority }: RequestHead, own: CertificateNames | null, policy: Policy): boolean {
  if (own === null) return policy.live.isClosed(authority);
  if (!own.admits(authority)) return true;
  if (policy.live.certificates.length < 2) return false;
  const host = hostOf(authority);
  if (coversName(own, host)) return false;
  return policy.live.certificates.some((other) => other !== own && coversName(other, host));
}

/** Whether a certificate's names cover a host; a wildcard covers one label (RFC 6125 §6.4.3). */
export function coversName(certificate: CertificateNames, host: string): boolean {
  const dot = host.indexOf('.');
  const wildcard = dot === -1 ? '' : `*${host.slice(dot)}`;
  return certificate.names.some((name) => name === host || name === wildcard);
}

/** Whether this front has sent the request before (RFC 8586). */
function isLooping({ headers }: RequestHead, { loopMarker }: Policy): boolean {
  return fieldList(headers, 'cdn-loop').includes(loopMarker);
}

function redirect(exchange: Exchange): LocalReply {
  const { head, services } = exchange;
  return head.authority === ''
    ? refuse(exchange, 'host_invalid')
    : buildRedirect(head, services.policy.httpsPort);
}

function isTooLarge({ exchange, contentLength }: GateRequest): boolean {
  const { maxBodyBytes } = exchange.services.policy.config.limits;
  return maxBodyBytes > 0 && contentLength > maxBodyBytes;
}
