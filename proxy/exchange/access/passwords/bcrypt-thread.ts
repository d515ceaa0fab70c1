/** The thread that verifies bcrypt hashes for a router, one after another. */
import { parentPort } from 'node:worker_threads';
import { verifyBcrypt } from './bcrypt.js';

/** What the router sends: a password and its hash. The answer is whether they fit. */
export interface BcryptQuestion {
  readonly password: string;
  readonly hash: string;
}

parentPort?.on('message', ({ password, hash }: BcryptQuestion) => {
  parentPort?.postMessage(verifyBcrypt(password, hash));
});
