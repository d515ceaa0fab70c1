/** What the terminal says to somebody with a phone. */
import { X509Certificate } from 'node:crypto';
import { formatHostPort } from '../../shared/addresses/host-port.js';
import type { LanPlace } from '../../shared/config/lan.js';
import type { LineStyle } from '../../shared/log-lines.js';
import { qrCode, qrLines } from '../../system/qr-code.js';

/** What is served in the networks. */
export interface LanShown {
  readonly nameUrl: string;
  readonly places: readonly LanPlace[];
  readonly authorityPem: string;
}

function pageUrl({ places }: LanShown, port: number): string {
  return `http://${formatHostPort(places[0]?.network.address ?? '', port)}`;
}

/** Where the page is and what it is for. @param port of the page */
export function pageLines(shown: LanShown, port: number): readonly string[] {
  const urls = [...shown.places.map(({ url }) => url), shown.nameUrl];
  return [
    `on the network: ${urls.join(' ')}`,
    `for phones: ${pageUrl(shown, port)} shows how to trust the certificate`,
    `SHA-256 of its authority: ${new X509Certificate(shown.authorityPem).fingerprint256}`,
  ];
}

/** The way to the page for a camera; empty where a person at a terminal would not see it. */
export function cameraText(shown: LanShown, port: number, style: LineStyle): string {
  const code = style.onTerminal ? qrCode(`${pageUrl(shown, port)}/`) : null;
  return code === null ? '' : `${qrLines(code, style.coloured).join('\n')}\n`;
}

/** What may be in the way when nobody comes. */
export function blockedLines(
  shown: LanShown,
  port: number,
  platform: NodeJS.Platform = process.platform,
): { readonly warning: string; readonly hint: string } {
  const ports = [...new Set([...shown.places.map(({ url }) => Number(new URL(url).port || 443)), port])];
  return {
    warning: `nobody has opened ${pageUrl(shown, port)} yet`,
    hint: `the phone must be in the same network (no guest Wi-Fi, mobile data or VPN), and the firewall of this machine must let ${ports.join(' and ')} in${FIREWALLS[platform]?.(ports) ?? ''}`,
  };
}

/** How that is allowed. */
const FIREWALLS: Partial<Record<NodeJS.Platform, (ports: readonly number[]) => string>> = {
  linux: (ports) =>
    `: sudo ufw allow ${ports.join(',')}/tcp, or sudo firewall-cmd --add-port=${ports.map((port) => `${port}/tcp`).join(' --add-port=')}`,
  darwin: () => ': System Settings › Network › Firewall',
  win32: () => ': allow Node.js in private networks (Windows Security › Firewall)',
};
