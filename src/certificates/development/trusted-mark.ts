/** Remembers that `ca install` has had the authority trusted, or that somebody was asked, so that nobody is asked again. */
import { X509Certificate } from 'node:crypto';
import type { LocalStore } from '../store/store.js';

const KEY = 'development/trusted';
const ASKED_KEY = 'development/asked';

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

/** Somebody was asked whether it shall be trusted, whatever the answer was. @param pem certificate of the authority */
export async function noteAsked(store: LocalStore, pem: string): Promise<void> {
  await store.put(ASKED_KEY, fingerprintOf(pem));
}

/** Whether that was about this very authority. */
export async function wasAsked(store: LocalStore, pem: string): Promise<boolean> {
  return (await store.get(ASKED_KEY))?.toString() === fingerprintOf(pem);
}
