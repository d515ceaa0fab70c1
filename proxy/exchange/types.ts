/** The exchange contract: what both engines hand to the shared exchange code and get back from it. */

import type { Config } from '../../src/shared/config/config.js';
import type { Projects } from '../../src/shared/messages/projects.js';
import type { AppEnd } from '../../src/shared/messages/router-messages.js';
import type { FieldsMemo } from '../wire/syntax/field-lines.js';
import type { AccessRules } from './access/access-rules.js';
import type { VouchedHosts } from './access/vouched-hosts.js';
import type { Barrier } from './barrier.js';

/** What is known of a downstream connection for its whole life. */
export interface ConnectionFacts {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Index of the listener in Config.listeners. */
  readonly listener: number;
  /** TLS version such as `TLSv1.3`; empty on a plain connection. */
  readonly tlsVersion: string;
  readonly cipher: string;
  /** Group of the key exchange, such as `X25519MLKEM768`; empty where it is not known, or not asked for because nothing is logged. */
  readonly tlsGroup: string;
  /** Server name the client sent (SNI), lower-case; empty when none. */
  readonly serverName: string;
  /** The peer is in `--trusted-proxies`: its forwarding fields are believed. */
  readonly trusted: boolean;
  /** The certificate the connection was made with, for 421; null on a plain connection. */
  readonly certificate: CertificateNames | null;
  /** Flat list of the fields that tell the app of the client's verified certificate; empty: there is none. */
  readonly clientFields: readonly string[];
}

/** The names one certificate covers, and whom a connection with it may reach. */
export interface CertificateNames {
  readonly names: readonly string[];
  /** False for an authority (host and port) that lets in other clients than this certificate's; asked at each request: they change. */
  admits(authority: string): boolean;
}

/** One request as any engine reads it. Field names are lower-case; `headers` is flat: name, value, name, value. */
export interface RequestHead {
  readonly method: string;
  /** Origin-form path with query, as sent; or `*`. */
  readonly path: string;
  /** Host of the request, from `:authority`, an absolute target or the Host field. */
  readonly authority: string;
  readonly headers: readonly string[];
  /** What the fields became for the upstream, where they repeat on their connection; null: nobody looks. */
  readonly memo: FieldsMemo | null;
  readonly httpVersion: '1.0' | '1.1' | '2.0';
}

/** How the body of a message is framed: none, a Content-Length, or of unknown length. */
export type Framing = 'none' | 'length' | 'unknown';

/** Who is banned at this moment. */
export interface Bans {
  readonly isEmpty: boolean;
  has(address: string): boolean;
}

/** What a site's requests are judged and changed by; the same as long as the router lives. */
export interface SitePolicy {
  /** The configuration with the rules of the site in place of the general ones. */
  readonly config: Config;
  /** Index into Config.sites; null: no site's. */
  readonly site: number | null;
  /** Member of CDN-Loop by which the front knows its own requests. */
  readonly loopMarker: string;
  isTrusted(address: string): boolean;
}

/** What requests ask of the router that changes while it runs; each member is replaced whole. */
export interface LiveState {
  /** Certificates of all listeners, for 421. */
  certificates: readonly CertificateNames[];
  /** What stands between clients and apps by an operator's order; null: nothing does. */
  barrier: Barrier | null;
  /** Key authorizations of http-01 by token. */
  challenges: ReadonlyMap<string, string>;
  /** See RouterState. */
  projects: Projects | null;
  /** How apps have ended that are not up; see RouterState. */
  appEnds: readonly (AppEnd | null)[];
  /** Whether an authority is for clients with a certificate only, which no plain listener can see; replaced with `certificates`. */
  isClosed: (authority: string) => boolean;
}

/** Policy compiled once a router from the configuration, and frozen: of requests that no site takes, and of all connections. */
export interface Policy extends SitePolicy {
  readonly live: LiveState;
  /** Port that redirects name; 443 is left out. */
  readonly httpsPort: number;
  /** Who may come in; null: there are no rules. */
  readonly access: AccessRules | null;
  /** Who is banned. */
  readonly bans: Bans;
  /** Which names are served on loopback; null: any. */
  readonly hosts: VouchedHosts | null;
  /** Whether connections from there begin with a PROXY protocol header. */
  sendsProxyHeader(address: string): boolean;
}
