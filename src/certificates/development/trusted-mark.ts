/** Remembers that `ca install` has had the authority trusted, so that nobody is asked to do it again. */
import { X509Certificate } from 'node:crypto';
import type { LocalStore } from '../store/store.js';

const KEY = 'development/trusted';

function fingerprintOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

/** @param pem certificate of the authority */
export async function noteTrusted(store: LocalStore, pem: string): Promise<void> {
  await store.put(KEY, fingerprintOf(pem));
}

export async function forgetTrusted(store: LocalStore): Promise<void> {
  await store.delete(KEY);
}

/** Whether a store was seen with this very authority; another one made since then is not trusted. */
export async function wasTrusted(store: LocalStore, pem: string): Promise<boolean> {
  return (await store.get(KEY))?.toString() === fingerprintOf(pem);
}
