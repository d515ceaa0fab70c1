/** The users of one password file, and the pairs that were verified: a keyed digest of each, so that a page of many files costs one hash. */
import { createHmac, randomBytes } from 'node:crypto';
import type { UserHash } from '../../../../src/shared/config/access.js';
import type { Verdict, Verifier } from './verifier.js';

/** Pairs that fit; those that do not are remembered apart, so that guesses do not push anybody out. */
const MAX_KNOWN = 1024;

/** Nobody has this password: what it costs is what a known user's would. */
const NOBODY = '$scrypt$ln=15,r=8,p=3$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

export class PasswordFile {
  private users: ReadonlyMap<string, string> = new Map();
  /** Verified for a user that is not in the file. */
  private decoy = NOBODY;
  private readonly fitting = new Set<string>();
  private readonly failing = new Set<string>();
  /** Those that ask for a pair that is being verified. */
  private readonly asking = new Map<string, ((verdict: Verdict) => void)[]>();
  private secret = randomBytes(32);

  constructor(private readonly verifier: Verifier) {}

  /** Takes what the file holds now, and forgets what was verified. */
  update(users: readonly UserHash[]): void {
    this.users = new Map(users);
    this.decoy = mostCostly(users.map(([, hash]) => hash)) ?? NOBODY;
    // What is being verified by the old file is not remembered by the new one.
    this.secret = randomBytes(32);
    this.fitting.clear();
    this.failing.clear();
  }

  /** Calls back once, in this call where the pair is known. @param client key of who asks */
  verify(client: string, user: string, password: string, done: (verdict: Verdict) => void): void {
    const key = createHmac('sha256', this.secret)
      .update(`${user.length} ${user}${password}`)
      .digest('base64');
    if (this.fitting.has(key) || this.failing.has(key)) {
      done(this.fitting.has(key));
      return;
    }
    const others = this.asking.get(key);
    if (others !== undefined) {
      others.push(done);
      return;
    }
    const waiting = [done];
    this.asking.set(key, waiting);
    const hash = this.users.get(user);
    const { secret } = this;
    this.verifier.verify(client, password, hash ?? this.decoy, (verdict) => {
      const result = verdict === true ? hash !== undefined : verdict;
      this.asking.delete(key);
      if (result !== 'busy' && secret === this.secret) remember(result ? this.fitting : this.failing, key);
      for (const callback of waiting) callback(result);
    });
  }
}

function remember(known: Set<string>, key: string): void {
  if (known.size >= MAX_KNOWN) {
    for (const oldest of known) {
      known.delete(oldest);
      break;
    }
  }
  known.add(key);
}

/** The kind and cost that most of the file's users have: the time of an answer tells nothing of who is in it. */
function mostCostly(hashes: readonly string[]): string | null {
  const counts = new Map<string, string[]>();
  for (const hash of hashes) {
    const [, kind = '', cost = ''] = hash.split('$');
    const group = counts.get(`${kind} ${cost}`) ?? [];
    counts.set(`${kind} ${cost}`, [...group, hash]);
  }
  const [first = []] = [...counts.values()].sort((one, other) => other.length - one.length);
  const [hash] = first;
  // The same cost, and a digest that no password has.
  return hash === undefined ? null : hash.replace(/[./A-Za-z0-9+]{22}$/, '.'.repeat(22).replaceAll('.', 'A'));
}
