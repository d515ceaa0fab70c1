/** The sample app's page: what it knows about the connection from its headers, and SSE and WebSocket at work. */
import type { IncomingMessage, ServerResponse } from 'node:http';

const FACTS: readonly (readonly [label: string, header: string])[] = [
  ['Scheme of the browser', 'x-forwarded-proto'],
  ['Address of the browser', 'x-forwarded-for'],
  ['Host the browser asked for', 'x-forwarded-host'],
  ['Port', 'x-forwarded-port'],
  ['Forwarded', 'forwarded'],
  ['Request id', 'x-request-id'],
  ['Host', 'host'],
];

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --good: #1a8f4c; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
section { border: 1px solid var(--line); border-radius: .6rem; padding: .2rem 1.2rem 1rem; margin: 1.2rem 0; }
h2 { font-size: 1.05rem; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid var(--line); padding: .3rem .6rem .3rem 0; overflow-wrap: anywhere; }
td:first-child { opacity: .7; white-space: nowrap; }
strong, output { color: var(--good); font-variant-numeric: tabular-nums; }
input { font: inherit; padding: .2rem .5rem; }
`;

const SCRIPT = `
const show = (id, text) => { document.getElementById(id).textContent = text; };
const [navigation] = performance.getEntriesByType('navigation');
show('protocol', navigation?.nextHopProtocol || 'unknown');
show('secure', String(isSecureContext));
const events = new EventSource('/sse?count=0&intervalMs=1000');
events.addEventListener('tick', (event) => {
  const { number, time } = JSON.parse(event.data);
  show('sse', 'event ' + number + ' at ' + time.slice(11, 19));
});
events.onerror = () => show('sse', 'interrupted');
const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/ws');
const word = document.getElementById('word');
let sentAt = 0;
const send = () => { if (socket.readyState === 1) { sentAt = performance.now(); socket.send(word.value); } };
socket.onopen = send;
socket.onmessage = (event) => show('ws', event.data + ' (' + (performance.now() - sentAt).toFixed(1) + ' ms)');
socket.onclose = () => show('ws', 'closed');
word.addEventListener('input', send);
`;

/** Serves the page; everything it needs is inside it. */
export function sendPage(request: IncomingMessage, response: ServerResponse): void {
  const rows = FACTS.map(([label, header]) => row(label, request.headers[header])).join('');
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The sample app</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><h1>It works</h1><p>A plain HTTP app answers you through the front.</p>
<section><h2>What the browser sees</h2><table>
<tr><td>Protocol</td><td><strong id="protocol">…</strong></td></tr>
<tr><td>Secure context</td><td><strong id="secure">…</strong></td></tr></table></section>
<section><h2>What the app sees</h2><table>
<tr><td>Protocol</td><td>HTTP/${request.httpVersion}</td></tr>${rows}</table></section>
<section><h2>Live</h2><table>
<tr><td>Server-sent events</td><td><output id="sse">waiting</output></td></tr>
<tr><td>WebSocket echo</td><td><input id="word" value="hello" aria-label="text to echo" maxlength="60"> <output id="ws">waiting</output></td></tr>
</table></section><script>${SCRIPT}</script></body></html>
`;
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(html),
    'Cache-Control': 'no-store',
  });
  response.end(html);
}

function row(label: string, value: string | string[] | undefined): string {
  if (value === undefined) return '';
  return `<tr><td>${label}</td><td>${escapeHtml(String(value))}</td></tr>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
