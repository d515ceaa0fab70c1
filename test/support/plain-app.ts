/** An app inside the test's own process, for fronts whose app plays no part: it says `ok`, and 404 below /.well-known/. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenLocally } from './app-behind.js';

let port: Promise<number> | undefined;

/** `--upstream` and its address: the same app for all fronts of a file, which does not keep the file from ending. */
export async function plainApp(): Promise<readonly string[]> {
  port ??= listenLocally(createServer(answer).unref());
  return ['--upstream', `127.0.0.1:${await port}`];
}

function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  response.statusCode = url.startsWith('/.well-known/') ? 404 : 200;
  response.end('ok');
}
