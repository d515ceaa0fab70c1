/** The node-stack peer as a program: `node node-stack-main.js LISTEN_PORT UPSTREAM_PORT CERTIFICATE KEY`. */
import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createProxyServer } from 'http-proxy-3';

const [listenPort, upstreamPort, certificate, key] = process.argv.slice(2);
const proxy = createProxyServer({
  target: `http://127.0.0.1:${upstreamPort}`,
  agent: new Agent({ keepAlive: true }),
});
proxy.on('error', (_error, _request, response) => response?.destroy());

// The compatibility classes of node:http2 do for http-proxy-3 what node:http's do; only their types differ.
function answer(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void {
  proxy.web(request as IncomingMessage, response as ServerResponse);
}

// node:http2 hands these to its HTTP/1.1 side where the version has the option; its types do not know that.
const options = {
  ...{ allowHTTP1: true, keepAliveTimeout: 600_000 },
  ...{ cert: readFileSync(certificate ?? ''), key: readFileSync(key ?? '') },
};
createSecureServer(options, answer)
  .on('upgrade', (request: IncomingMessage, socket, head) => proxy.ws(request, socket, head))
  .listen(Number(listenPort), '127.0.0.1');
