/** What the front and its process for the network (`--lan`) tell each other. */

/** An address of this machine in a network whose other machines may be let in. */
export interface LanNetwork {
  /** Of the system: `wlan0`. */
  readonly interfaceName: string;
  readonly family: 4 | 6;
  readonly address: string;
  /** As an address: `255.255.255.0`, `ffff:ffff:ffff:ffff::`. */
  readonly netmask: string;
}

/** An address and the URL by which others of its network reach the front there. */
export interface LanPlace {
  readonly network: LanNetwork;
  readonly url: string;
}

/** Front → its process for the network. */
export type LanOrder =
  | {
      readonly type: 'start';
      /** Answered for by multicast DNS: `shop.local`. */
      readonly name: string;
      /** URL with that name. */
      readonly nameUrl: string;
      readonly places: readonly LanPlace[];
      /** Certificate of the development authority, in PEM. */
      readonly authorityPem: string;
      /** Where the page for phones is tried first; 0: any free port. */
      readonly pagePort: number;
    }
  /** Takes the name back and ends. */
  | { readonly type: 'stop' };

/** The process for the network → front. */
export type LanReport =
  /** The page for phones is served on this port of every address. */
  | { readonly type: 'page'; readonly port: number }
  /** The page cannot be served. */
  | { readonly type: 'no_page'; readonly reason: string }
  /** The name is not answered for. */
  | { readonly type: 'no_name'; readonly reason: string }
  /** Another machine answers for the name. */
  | { readonly type: 'conflict'; readonly address: string }
  /** Somebody opens the page; told once an address. */
  | { readonly type: 'visited'; readonly address: string; readonly device: string }
  /** Their browser takes our certificate; told once an address. */
  | { readonly type: 'trusted'; readonly address: string; readonly device: string };

const ORDERS: readonly string[] = ['start', 'stop'] satisfies readonly LanOrder['type'][];
const REPORTS: readonly string[] = [
  'page',
  'no_page',
  'no_name',
  'conflict',
  'visited',
  'trusted',
] satisfies readonly LanReport['type'][];

/** Narrows a message of our own channel, where the type word is proof enough. */
export function isLanOrder(message: unknown): message is LanOrder {
  return ORDERS.includes(typeOf(message));
}

/** See isLanOrder. */
export function isLanReport(message: unknown): message is LanReport {
  return REPORTS.includes(typeOf(message));
}

function typeOf(message: unknown): string {
  const isTyped = typeof message === 'object' && message !== null && 'type' in message;
  return isTyped && typeof message.type === 'string' ? message.type : '';
}
