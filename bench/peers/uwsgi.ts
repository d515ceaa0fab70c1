/**
 * uWSGI's http router. It speaks the uwsgi protocol upstream, so a uWSGI worker with the same
 * small answer stands behind it; the worker is a companion and its CPU time is not counted.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer } from '../contract.js';
import { askVersion, whyMissing } from '../tool.js';
import { SMALL_BODY } from '../upstreams/content.js';

const APPLICATION = `BODY = b"${SMALL_BODY}"
def application(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    while length > 0:
        length -= len(environ["wsgi.input"].read(min(length, 65536))) or length
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "38")])
    return [BODY]
`;

export const uwsgi: Peer = {
  name: 'uwsgi',
  title: 'uWSGI http router alone',
  own: false,
  quick: false,
  features: new Set(['keep-alive', 'h1']),
  missing: () => whyMissing('uwsgi'),
  version: () => askVersion('uwsgi', ['--version']),
  launch(plan) {
    mkdirSync(plan.folder, { recursive: true });
    const file = join(plan.folder, 'application.py');
    const socket = join(plan.folder, 'worker.socket');
    writeFileSync(file, APPLICATION);
    const { certificatePath, keyPath } = plan.certificate;
    const quiet = ['--disable-logging', '--die-on-term'];
    const worker = ['--plugin', 'python3', '--socket', socket, '--listen', '1024', '--wsgi-file', file];
    return {
      command: 'uwsgi',
      arguments: [
        ...['--plugin', 'http', '--master', ...quiet],
        ...['--https', `127.0.0.1:${plan.listenPort},${certificatePath},${keyPath}`],
        ...['--http-to', socket, '--http-keepalive=600'],
      ],
      companions: [{ command: 'uwsgi', arguments: [...worker, ...quiet] }],
    };
  },
};
