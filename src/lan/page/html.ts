/** The page that a phone opens from the QR code: the certificate, the steps, the fingerprint, and green as soon as it is trusted. */
import { DEVICES, type Device } from './devices.js';

/** What it is made of. */
export interface PageParts {
  readonly device: Device;
  /** Where the app is, as this visitor reaches it. */
  readonly url: string;
  readonly name: string;
  readonly fingerprint: string;
}

const STYLE = `
:root { color-scheme: light dark; font: 17px/1.5 system-ui, sans-serif }
body { max-width: 34rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.4rem }
#state { padding: .8rem 1rem; border-radius: .6rem; background: #8883 }
.trusted #state { background: #1a7f37; color: #fff }
.trusted .steps { display: none }
a.button { display: inline-block; padding: .6rem 1.2rem; border-radius: .6rem; background: #0969da; color: #fff; text-decoration: none }
.trusted #open { background: #fff; color: #1a7f37 }
#open { display: none } .trusted #open { display: inline-block; margin-top: .6rem }
li { margin: .5rem 0 }
code { word-break: break-all; font-size: .8rem }
footer { color: #888; font-size: .85rem }
`;

/** Asks the front again and again: no answer comes before this browser trusts its certificate, and any answer will do then. */
export const PAGE_SCRIPT = `'use strict';
const state = document.getElementById('state-text');
const url = document.getElementById('open').href;
async function look() {
  try {
    await fetch(new URL('/.well-known/tlsfront', url), { mode: 'no-cors', cache: 'no-store', credentials: 'omit' });
  } catch {
    setTimeout(look, 2000);
    return;
  }
  document.body.className = 'trusted';
  state.textContent = 'This device trusts the certificate.';
  fetch('/trusted', { method: 'POST' });
}
look();
`;

/** @param parts `url` and `name` are ours, and of characters that need no escape */
export function pageHtml({ device, url, name, fingerprint }: PageParts): string {
  const { name: deviceName, download, steps, hint } = DEVICES[device];
  const others = Object.entries(DEVICES).filter(([key]) => key !== device);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${name}</title><style>${STYLE}</style></head>
<body>
<h1>${name}</h1>
<div id="state"><span id="state-text">This device does not trust the certificate yet. This turns green by itself.</span><br>
<a class="button" id="open" href="${url}">Open ${url}</a></div>
<section class="steps">
<h2>${deviceName}</h2>
<p><a class="button" href="${download.path}">${download.label}</a></p>
<ol>${steps.map((step) => `<li>${step}</li>`).join('')}</ol>
<p>${hint}</p>
<p>Compare the SHA-256 fingerprint with that in the terminal before you install it:<br><code>${fingerprint}</code></p>
</section>
<footer>Another device: ${others.map(([key, words]) => `<a href="?device=${key}">${words.name}</a>`).join(' · ')}</footer>
<script src="/page.js"></script>
</body></html>
`;
}
