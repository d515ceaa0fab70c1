/** Messages between the master and its routers (node IPC, plain JSON). */
import type { Config, ListenAddress, UpstreamAddress } from './config.js';
import type { ErrorCode } from './errors.js';

/** Everything a TLS listener serves with, read by the master before privileges are dropped. */
export interface CertificateMaterial {
  /** Leaf first, then its intermediates. */
  readonly chainPem: string;
  /** Decrypted private key. */
  readonly keyPem: string;
  /** Subject alternative names, lower-case; wildcards as `*.example.com`. */
  readonly names: readonly string[];
}

/** Where one upstream is and whether it accepts connections. */
export interface UpstreamState extends UpstreamAddress {
  readonly id: number;
  /** The app cannot read bodies of unknown length: they are held and sent with one. */
  readonly needsLength: boolean;
  /** False while a worker is starting; requests are held meanwhile. */
  readonly ready: boolean;
}

/** Whom to become after binding. */
export interface Identity {
  readonly uid: number | null;
  readonly gid: number | null;
  /** For initgroups(3); null when the uid has no name. */
  readonly userName: string | null;
}

export interface RouterStart {
  readonly type: 'start';
  /** 1-based number of this router. */
  readonly index: number;
  readonly config: Config;
  /** Ports to bind for Config.listeners by index; differ from the configuration after a fallback or for port 0. */
  readonly ports: readonly number[];
  /** By listener index; null for plain listeners. */
  readonly certificates: readonly (CertificateMaterial | null)[];
  /** PEM of the client authorities by listener index. */
  readonly clientAuthorities: readonly (string | null)[];
  /** 48 bytes, base64: every router resumes every router's TLS sessions. */
  readonly ticketKeys: string;
  readonly upstreams: readonly UpstreamState[];
  readonly identity: Identity | null;
}

/** `drain` with `endTunnels` also ends tunnels and event streams once nothing else is open; the master holds the clock. */
export type MasterToRouter =
  | RouterStart
  | { readonly type: 'upstreams'; readonly upstreams: readonly UpstreamState[] }
  | { readonly type: 'drain'; readonly endTunnels: boolean };

/** A listener after binding; null: skipped because this machine lacks the address family. */
export interface BoundListener extends ListenAddress {
  readonly kind: 'https' | 'http' | 'redirect';
  /** Set when the configured port was not permitted. */
  readonly deniedPort: number | null;
}

export type RouterToMaster =
  /** Ready to take its start message; anything sent before is lost in the loading of modules. */
  | { readonly type: 'loaded' }
  | { readonly type: 'ready'; readonly bound: readonly (BoundListener | null)[] }
  | {
      readonly type: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | null;
      /** The address that could not be bound because another process has it. */
      readonly inUse: ListenAddress | null;
    };
