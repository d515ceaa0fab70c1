/** An app inside the test's own process, for fronts whose app plays no part: it says `ok` to everything. */
import { createServer } from 'node:http';
import { listenLocally } from './app-behind.js';

let port: Promise<number> | undefined;

/** `--upstream` and its address: the same app for all fronts of a file, which does not keep the file from ending. */
export async function plainApp(): Promise<readonly string[]> {
  port ??= listenLocally(createServer((_request, response) => response.end('ok')).unref());
  return ['--upstream', `127.0.0.1:${await port}`];
}
