/** One upstream as a router sees it: where it is, and how it does. */

import { formatHostPort } from '../../src/shared/addresses/host-port.js';
import { SCHEMES, type SchemeRow } from '../../src/shared/addresses/schemes.js';
import { formatUpstream } from '../../src/shared/addresses/upstream-text.js';
import type { AppConfig, AppUpstream } from '../../src/shared/config/apps.js';
import type { UpstreamState } from '../../src/shared/messages/router-messages.js';

export interface Upstream extends AppUpstream {
  /** The app that it is an address of. */
  readonly app: AppConfig;
  /** What its scheme means. */
  readonly row: SchemeRow;
  readonly id: number;
  /** Names it in the cookie of `--sticky`. */
  readonly key: string;
  /** Name by which `host` was found; null: it is `host`. */
  readonly hostName: string | null;
  /** host:port, IPv6 in brackets; `localhost` for a socket file. */
  readonly authority: string;
  /** What logs call it. */
  readonly name: string;
  /** Bodies of unknown length are held and sent with a length. */
  readonly needsLength: boolean;
  /** The address of the host that took the last connection, so that the next one needs no look-up; null: not known. */
  address: string | null;
  addressUntilMs: number;
  /** What an https upstream chose by ALPN; null: not asked yet, or it speaks without TLS. */
  protocol: 'h2' | 'http/1.1' | null;
  inFlight: number;
  up: boolean;
  /** An operator has taken it out, or given its place to another: it gets no new requests, however well it is. */
  drained: boolean;
  /** A deploy has given its place to another; undefined: it serves. */
  leaving: UpstreamState['leaving'];
  /** Starting workers come up by the master's word, others by our own probe. */
  managed: boolean;
  gone: boolean;
  /** Failures since `failingSinceMs`. */
  failures: number;
  failingSinceMs: number;
  /** Not probed before; it was left out for its failures. */
  outUntilMs: number;
  probing: boolean;
  /** Its trouble with TLS was told. */
  warned: boolean;
  /** Credit among equally busy ones: the weight is added at each choice, the total taken from the chosen. */
  credit: number;
}

/** A new upstream of an app, by the master's word. */
export function createUpstream(state: UpstreamState, app: AppConfig): Upstream {
  const { ready, ...rest } = state;
  return {
    ...rest,
    app,
    row: SCHEMES[state.scheme],
    authority: authorityOf(state),
    name: formatUpstream(state),
    address: null,
    addressUntilMs: 0,
    protocol: null,
    inFlight: 0,
    up: ready,
    drained: state.leaving !== undefined,
    leaving: state.leaving,
    managed: !ready,
    gone: false,
    failures: 0,
    failingSinceMs: 0,
    outUntilMs: 0,
    probing: false,
    warned: false,
    credit: 0,
  };
}

/** It may be given requests. */
export function takesRequests({ up, drained }: Upstream): boolean {
  return up && !drained;
}

function authorityOf({ host, port, path, hostName }: UpstreamState): string {
  if (path !== null) return 'localhost';
  return formatHostPort(hostName ?? host, port);
}
