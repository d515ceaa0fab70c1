/** The upstream as a program on node:http: `node node-main.js PORT FOLDER`. Also echoes WebSocket messages. */
import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { FILES, LARGE_BYTES, LARGE_PATH, POST_PATH, SMALL_BODY, SMALL_PATH } from './content.js';

const [port, folder] = process.argv.slice(2);

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': text.length });
  response.end(text);
}

function answerLength(request: IncomingMessage, response: ServerResponse): void {
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
  });
  request.on('end', () => answerText(response, 200, String(length)));
}

function answerFile(response: ServerResponse, path: string, bytes: number): void {
  response.writeHead(200, {
    'content-type': path.endsWith('.txt') ? 'text/plain' : 'application/octet-stream',
    'content-length': bytes,
  });
  createReadStream(join(folder ?? '.', path), { highWaterMark: 262_144 }).pipe(response);
}

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  if (request.url === SMALL_PATH) answerText(response, 200, SMALL_BODY);
  else if (request.url === POST_PATH) answerLength(request, response);
  else if (request.url === LARGE_PATH) answerFile(response, LARGE_PATH, LARGE_BYTES);
  else {
    const file = FILES.find(({ path }) => path === request.url);
    if (file !== undefined) answerFile(response, file.path, file.bytes);
    else answerText(response, 404, 'not found');
  }
});

new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => socket.terminate());
});
server.listen(Number(port), '127.0.0.1');
