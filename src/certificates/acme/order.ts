/** One order from its beginning to the certificate (RFC 8555 §7.1, §7.4). */
import type { ChallengeKind } from '../../shared/config/acme.js';
import { newEcdsaKey } from '../development/x509-issuer.js';
import { pemOfKey } from '../formats/pem-text.js';
import type { ChallengeBoard } from './challenge-board.js';
import { pause } from './pause.js';
import type { Authority, OrderWishes } from './protocol/authority.js';
import type { Authorization, Order, OrderState } from './protocol/messages.js';
import { AcmeError } from './protocol/problem.js';
import { explainProblem } from './protocol/problem-words.js';

const FIRST_LOOK_MS = 250;
const MAX_LOOK_MS = 5_000;
/** An authority that has not decided by then is asked again with a new order. */
const DECISION_MS = 5 * 60_000;

export interface OrderParts {
  readonly authority: Authority;
  readonly board: ChallengeBoard;
  readonly signal: AbortSignal;
}

/** A failed validation; another kind of challenge may succeed. */
export class ValidationError extends AcmeError {}

/**
 * Orders a certificate for one name and proves the name by one kind of challenge.
 * @returns chain and new key, PEM
 * @throws ValidationError when the authority could not be convinced
 * @throws AcmeError for everything else
 */
export async function orderCertificate(
  parts: OrderParts,
  name: string,
  kind: ChallengeKind,
  wishes: OrderWishes,
): Promise<string> {
  const { authority, signal } = parts;
  await authority.speakOf(name, null);
  const order = await beginOrder(authority, name, wishes);
  await authority.speakOf(name, kind);
  for (const authorization of await authority.authorizations(order)) {
    if (authorization.status !== 'valid') await prove(parts, authorization, kind);
  }
  await authority.speakOf(name, null);
  const ready = await settle(parts, order, ['ready', 'valid']);
  const keyPem = pemOfKey(newEcdsaKey());
  const sent = await authority.finalize(ready, name, keyPem);
  const valid = await settle(parts, sent, ['valid']);
  if (signal.aborted) throw new AcmeError('broken off: the front stops', null);
  return `${(await authority.download(valid)).trim()}\n${keyPem}`;
}

/** Authorities that do not know the certificate to be replaced, or have replaced it, refuse the word of it, not the order (RFC 9773 §5). */
async function beginOrder(authority: Authority, name: string, wishes: OrderWishes): Promise<Order> {
  try {
    return await authority.newOrder(name, wishes);
  } catch (error) {
    const type = error instanceof AcmeError ? error.facts.problem?.type : undefined;
    const isAboutReplacing = type === 'alreadyReplaced' || type === 'malformed' || type === 'other';
    if (wishes.replaces === null || !isAboutReplacing) throw error;
    return authority.newOrder(name, { ...wishes, replaces: null });
  }
}

async function prove(
  { authority, board, signal }: OrderParts,
  authorization: Authorization,
  kind: ChallengeKind,
): Promise<void> {
  const challenge = authority.challengeOf(authorization, kind);
  const domain = authorization.identifier.value;
  if (challenge === null) {
    const offered = authorization.challenges.map(({ type }) => type);
    throw offered.length === 0
      ? new ValidationError(`${domain}: the authority offers no way to prove the name`, null)
      : new ValidationError(
          `${domain}: the authority does not offer ${kind}, but ${offered.join(', ')}`,
          `give --acme-challenge one of these`,
        );
  }
  let isDecided = false;
  const withdraw = await board.present(kind, {
    name: authority.context.name,
    domain,
    challenge,
    keyAuthorization: authority.keyAuthorization(kind, challenge),
    accountUrl: authority.accountUrl ?? '',
  });
  try {
    await authority.complete(challenge);
    await awaitDecision(authority, authorization, kind, signal);
    isDecided = true;
  } catch (error) {
    isDecided = error instanceof ValidationError;
    throw error;
  } finally {
    await withdraw();
    if (!isDecided && !signal.aborted) await authority.deactivate(authorization).catch(() => undefined);
  }
}

/** Looks at the authorization until it is valid. */
async function awaitDecision(
  authority: Authority,
  { url }: Authorization,
  kind: ChallengeKind,
  signal: AbortSignal,
): Promise<void> {
  for await (const _look of looks(signal)) {
    const authorization = await authority.authorization(url);
    if (authorization.status === 'pending') continue;
    if (authorization.status === 'valid') return;
    const problem = authority.challengeOf(authorization, kind)?.problem ?? null;
    const { name } = authority.context;
    if (problem === null) {
      throw new ValidationError(
        `${name}: the authorization is ${authorization.status}, without a reason`,
        null,
      );
    }
    const { message, hint, facts } = explainProblem(problem, authority.context);
    throw new ValidationError(message, hint, facts);
  }
  throw new AcmeError(
    `${authority.context.name}: the authority has not decided within ${DECISION_MS / 60_000} minutes`,
    null,
  );
}

/** Looks at the order until it has one of the states. */
async function settle(
  { authority, signal }: OrderParts,
  order: Order,
  states: readonly OrderState[],
): Promise<Order> {
  let seen = order;
  for await (const look of looks(signal)) {
    if (look > 0) seen = await authority.refresh(order);
    if (states.includes(seen.status)) return seen;
    if (seen.status !== 'invalid') continue;
    const { problem } = seen;
    const { name } = authority.context;
    throw problem === null
      ? new AcmeError(`${name}: the authority has refused the order, without a reason`, null)
      : explainProblem(problem, authority.context);
  }
  throw new AcmeError(
    `${authority.context.name}: the authority has not finished within ${DECISION_MS / 60_000} minutes`,
    null,
  );
}

/** Counts looks, with pauses between them that grow; ends when an authority takes too long. */
async function* looks(signal: AbortSignal): AsyncGenerator<number> {
  const endMs = performance.now() + DECISION_MS;
  let waitMs = FIRST_LOOK_MS;
  for (let look = 0; performance.now() < endMs; look += 1) {
    yield look;
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 1.5, MAX_LOOK_MS);
  }
}
