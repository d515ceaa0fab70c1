/** One sentence and one next step for each problem that an authority reports (RFC 8555 §6.7 and later RFCs). */
import type { ChallengeKind } from '../../../shared/config/acme.js';
import { AcmeError, type AcmeErrorFacts, type Problem } from './problem.js';

/** What was being done when the problem came. */
export interface ProblemContext {
  /** The name that the certificate is for; empty: it is about the account. */
  readonly name: string;
  /** How it was being proven; null: nothing was being validated. */
  readonly kind: ChallengeKind | null;
  readonly email: string;
  /** The authority's own names for CAA records, from its directory. */
  readonly caaIdentities: readonly string[];
}

interface Words {
  readonly sentence: string;
  readonly hint: string | null;
}

type Row = (context: ProblemContext, problem: Problem) => Words;

const FAULT = 'this may be a fault in tlsfront: report it with this line';
const LATER = null;

function words(sentence: string, hint: string | null): Row {
  return () => ({ sentence, hint });
}

const PORTS = { 'http-01': 80, 'tls-alpn-01': 443, 'dns-01': 53, 'dns-persist-01': 53 } as const;

function bare(name: string): string {
  return name.replace(/^\*\./, '');
}

function recordOf({ name }: ProblemContext): string {
  return `_acme-challenge.${bare(name)}`;
}

/** The authority reached nothing. */
function unreachable({ name, kind }: ProblemContext): Words {
  if (kind === 'dns-01') {
    return {
      sentence: 'the authority got no answer from the name servers',
      hint: `check the name servers: dig NS ${bare(name)}`,
    };
  }
  const port = PORTS[kind ?? 'tls-alpn-01'];
  return {
    sentence: `the authority could not connect to port ${port}`,
    hint: `port ${port} of ${bare(name)} must be reachable from the internet and lead to this host: check firewall, port forwarding, and the A and AAAA records`,
  };
}

/** The authority reached something that answered wrongly. */
function wrongAnswer({ name, kind, ...rest }: ProblemContext): Words {
  if (kind === 'http-01') {
    return {
      sentence: 'the authority got another answer than ours over HTTP',
      hint: `another server answers http://${name}/: point its A and AAAA records at this host, or let what stands before pass /.well-known/acme-challenge/ on`,
    };
  }
  if (kind === 'tls-alpn-01') {
    return {
      sentence: 'the authority did not see our certificate in its handshake',
      hint: `port 443 of ${name} must lead to this host: check its A and AAAA records, and whether something before it ends TLS (a CDN, a load balancer); or add --http-to-https :80 for http-01`,
    };
  }
  if (kind === 'dns-01') {
    const record = recordOf({ name, kind, ...rest });
    return {
      sentence: `the authority did not find our value in the TXT record ${record}`,
      hint: `look at it with: dig TXT ${record}; if it comes late, give --acme-dns-wait more time`,
    };
  }
  return {
    sentence: 'the authority does not allow this account to do that',
    hint: 'was the account closed, or the binding given for another? `tlsfront acme status` names its files: when account.json and account.key are both removed, a new account is made',
  };
}

/** Inside a validation it says that the authority could not make sense of the name or of what it found there. */
function malformed(context: ProblemContext, { status }: Problem): Words {
  if (status !== 0 || context.kind === null) {
    return { sentence: 'the authority did not understand our request', hint: FAULT };
  }
  return { sentence: 'the authority could not validate the name', hint: noRecord(context).hint };
}

function noRecord(context: ProblemContext): Words {
  const { name, kind } = context;
  if (kind === 'dns-01') {
    const record = recordOf(context);
    return {
      sentence: `the authority could not look up the TXT record ${record}`,
      hint: `look at it with: dig TXT ${record}; if it comes late, give --acme-dns-wait more time`,
    };
  }
  return {
    sentence: 'the authority could not find an address of the name in the DNS',
    hint: `give ${bare(name)} an A or AAAA record with the address of this host: dig A ${bare(name)}`,
  };
}

function caa({ name, caaIdentities: [identity] }: ProblemContext): Words {
  const tag = name.startsWith('*.') ? 'issuewild' : 'issue';
  const forbidden = 'CAA records in the DNS forbid this authority to issue for the name';
  if (identity === undefined) {
    return {
      sentence: forbidden,
      hint: `look at them with: dig CAA ${bare(name)}; the authority's documentation says which domain its record names: ${bare(name)}. CAA 0 ${tag} "DOMAIN"`,
    };
  }
  return {
    sentence: forbidden,
    hint: `add the record: ${bare(name)}. CAA 0 ${tag} "${identity}"`,
  };
}

function actionRequired(_context: ProblemContext, { instance }: Problem): Words {
  return {
    sentence: 'the authority wants a person to do something first, such as agreeing to new terms of service',
    hint: instance === null ? 'read what it says' : `open ${instance}`,
  };
}

function contact({ email }: ProblemContext): Words {
  return {
    sentence: `the authority does not take the e-mail address ${email}`,
    hint: 'give --acme an address that exists, in a domain that receives mail',
  };
}

const REJECTED = words(
  'the authority does not issue for this name',
  'its policy forbids it: name a host of a registered domain, or take another authority with --acme-directory',
);

/** By the type's short name. Those of revocation and STAR orders are never asked for by us, and explained all the same. */
const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  [
    'accountDoesNotExist',
    words('the authority does not know our account', 'a new account is made at the next attempt'),
  ],
  ['alreadyReplaced', words('the authority has replaced this certificate already', LATER)],
  ['alreadyRevoked', words('the certificate has been revoked already', LATER)],
  [
    'badCSR',
    words(
      'the authority does not take our certificate request',
      'the key or the names may be against its policy: try another authority with --acme-directory',
    ),
  ],
  [
    'badNonce',
    words(
      'the authority refused our anti-replay numbers again and again',
      'a proxy or load balancer before the authority may mix them up',
    ),
  ],
  [
    'badPublicKey',
    words(
      'the authority does not take the public key',
      'an ECDSA P-256 key was used: try another authority with --acme-directory',
    ),
  ],
  ['badRevocationReason', words('the authority does not take the reason of the revocation', FAULT)],
  [
    'badSignatureAlgorithm',
    words('the authority does not take signatures with ES256', 'try another authority with --acme-directory'),
  ],
  ['caa', caa],
  ['compound', words('the authority reports several problems', null)],
  ['connection', unreachable],
  ['dns', noRecord],
  [
    'externalAccountRequired',
    words(
      'the authority asks for an external account',
      'get a key id and a key from it, and give --acme-eab-kid and --acme-eab-key-file',
    ),
  ],
  ['incorrectResponse', wrongAnswer],
  ['invalidContact', contact],
  ['malformed', malformed],
  ['orderNotReady', words('the order was not ready to be completed', LATER)],
  [
    'rateLimited',
    words(
      'the authority has set a limit that is reached',
      'try things out with --acme-directory staging: its limits are wide',
    ),
  ],
  ['rejectedIdentifier', REJECTED],
  ['serverInternal', words('the authority has trouble of its own', LATER)],
  [
    'tls',
    ({ name }) => ({
      sentence: 'the authority could not make a TLS connection',
      hint: `let port 443 of ${bare(name)} lead to this host, without anything that ends TLS before it`,
    }),
  ],
  ['unauthorized', wrongAnswer],
  ['unsupportedContact', contact],
  ['unsupportedIdentifier', words('the authority does not issue for names of this kind', 'give DNS names')],
  ['userActionRequired', actionRequired],
  // RFC 8739 §8.2, RFC 9115 §7.1.
  ['autoRenewalCanceled', words('the automatic renewal of this order was cancelled', LATER)],
  ['autoRenewalExpired', words('the automatic renewal of this order has run out', LATER)],
  ['autoRenewalCancellationInvalid', words('the order cannot be cancelled in this state', FAULT)],
  ['autoRenewalRevocationNotSupported', words('certificates of this order cannot be revoked', FAULT)],
  ['unknownDelegation', words('the authority does not know the delegation', FAULT)],
]);

/** Short names of every problem that has words of its own. */
export const KNOWN_PROBLEMS: readonly string[] = [...ROWS.keys()];

/** The problem as an error whose message and hint a person understands. */
export function explainProblem(
  problem: Problem,
  context: ProblemContext,
  facts: Omit<AcmeErrorFacts, 'problem'> = {},
): AcmeError {
  const [first] = problem.subproblems;
  // A compound problem is nothing but its parts (RFC 8555 §6.7.1).
  const decisive = problem.type === 'compound' && first !== undefined ? first.type : problem.type;
  const { sentence, hint } = (ROWS.get(decisive) ?? unknownWords(problem))(context, problem);
  const parts = problem.subproblems.map(({ name, detail }) => `${name}: ${detail}`);
  const said = [problem.detail, ...parts].filter((text) => text !== '').join('; ');
  const subject = context.name === '' ? '' : `${context.name}: `;
  return new AcmeError(`${subject}${sentence}${said === '' ? '' : ` (it says: ${said})`}`, hint, {
    ...facts,
    problem,
  });
}

function unknownWords({ status }: Problem): Row {
  const how = status === 0 ? '' : ` with status ${status}`;
  return words(`the authority refused${how}`, null);
}
