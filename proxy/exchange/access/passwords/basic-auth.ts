/** `--basic-auth`: asks for a user and a password (RFC 7617), and tells the app who it is. */

import { isLoopback } from '../../../../src/shared/addresses/host-port.js';
import { formatScope, type PasswordRule } from '../../../../src/shared/config/access.js';
import type { ErrorCode } from '../../../../src/shared/errors.js';
import { fieldList, fieldValue } from '../../../wire/syntax/field-list.js';
import { clientAddressOf, clientKeyOf } from '../../client-address.js';
import type { Exchange } from '../../exchange.js';
import { buildErrorReply, type LocalReply } from '../../reply/local-reply.js';
import type { EntryStep, InquiryEnd } from '../inquiry.js';
import type { PasswordFile } from './password-file.js';
import type { Verdict } from './verifier.js';

/** Field by which the app learns who the user is. */
const USER_FIELD = 'x-remote-user';

/** One rule in force. */
export class BasicAuth implements EntryStep {
  private readonly challenge: string;

  constructor(
    private readonly rule: PasswordRule,
    private readonly file: PasswordFile,
  ) {
    const where = formatScope(rule.scope).replace(/["\\]/g, '\\$&');
    this.challenge = `Basic realm="${where === '' ? 'restricted' : `restricted ${where}`}", charset="UTF-8"`;
  }

  ask(exchange: Exchange, done: InquiryEnd): null {
    const { head, facts, services } = exchange;
    if (!this.rule.plain && !isConfidential(exchange)) {
      done(refuse(exchange, 'password_needs_tls'));
      return null;
    }
    const credentials = readCredentials(head.headers);
    if (credentials === null) {
      done(this.askAgain(exchange, 'password_required'));
      return null;
    }
    const [user, password] = credentials;
    const address = clientAddressOf(head, facts, services.policy);
    this.file.verify(clientKeyOf(address), user, password, (verdict) => {
      done(this.judge(exchange, verdict, user, address));
    });
    return null;
  }

  private judge(exchange: Exchange, verdict: Verdict, user: string, address: string): LocalReply | null {
    switch (verdict) {
      case true:
        exchange.admitUser(
          user,
          this.rule.passesOn ? [USER_FIELD, 'remote-user'] : [USER_FIELD, 'remote-user', 'authorization'],
          // Fields are written byte by byte: UTF-8 as it stands in the file.
          [USER_FIELD, Buffer.from(user).toString('latin1')],
        );
        return null;
      case false:
        exchange.services.notices.warn('--basic-auth', `a wrong user or password came from ${address}`);
        return this.askAgain(exchange, 'password_wrong');
      case 'busy':
        exchange.services.notices.warn(
          '--basic-auth busy',
          `more passwords wait to be verified than can be: requests of ${address} get 503`,
        );
        return refuse(exchange, 'overloaded');
      default:
        return verdict satisfies never;
    }
  }

  private askAgain(exchange: Exchange, code: 'password_required' | 'password_wrong'): LocalReply {
    const reply = refuse(exchange, code);
    reply.headers.push('www-authenticate', this.challenge);
    return reply;
  }
}

function refuse(exchange: Exchange, code: ErrorCode): LocalReply {
  exchange.failed(code);
  return buildErrorReply(code, exchange.head, exchange.requestId);
}

/** Whether nobody on the way reads the password: TLS with us or with a trusted front, or no way at all. */
function isConfidential({ head, facts }: Exchange): boolean {
  if (facts.tlsVersion !== '') return true;
  if (facts.trusted) return fieldValue(head.headers, 'x-forwarded-proto') === 'https';
  return isLoopback(facts.remoteAddress);
}

const FORM = /^basic +([a-z0-9+/]{1,2048}={0,2}) *$/i;

/** User and password; null: there are none, or several, or they cannot be read. */
function readCredentials(headers: readonly string[]): readonly [user: string, password: string] | null {
  // Two fields make a list, which has a comma and so no such form.
  const [, encoded] = FORM.exec(fieldList(headers, 'authorization')) ?? [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? null : [text.slice(0, colon), text.slice(colon + 1)];
}
