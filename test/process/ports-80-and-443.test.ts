/** A front without a word of ports, in a network of its own: 443, port 80 leading there, and what is left of both when it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLI } from '../support/command.js';
import { until } from '../support/deadline.js';
import { OwnNetwork, outputOf, type Way } from '../support/own-network.js';
import { PATIENCE_MS, StartedFront } from '../support/started-front.js';
import { nodeApp } from '../support/worker.js';
import { makeWorkspace } from '../support/workspace.js';

/** `status location` of a plain request for a host. */
const PLAIN = `
require('node:http').get({ host: '127.0.0.1', port: 80, path: '/a?b=c', headers: { host: process.argv[1] } }, (answer) => {
  console.log(answer.statusCode + ' ' + answer.headers.location);
  answer.resume();
}).once('error', (error) => console.log(error.code));`;

const APP = nodeApp('listen(require("node:http").createServer((q, r) => r.end()));');

test('port 80 leads to 443, for each name, and still does when another project serves in the place of the first', async (t) => {
  const network = OwnNetwork.find(t);
  if (network === null) return;
  const environment = { XDG_RUNTIME_DIR: makeWorkspace(t).at('run') };
  const start = async (program: Way, ...given: readonly string[]): Promise<StartedFront> => {
    const front = await StartedFront.start({
      program,
      arguments: given,
      app: APP,
      environment,
    });
    t.after(() => front.stop());
    return front;
  };
  const blog = await start(network.program, '--name', 'blog');
  const shop = await start([...network.beside(blog), process.execPath, CLI], '--name', 'shop');
  const ask = async (host: string): Promise<string> => {
    const output = outputOf(t, network.beside(shop), process.execPath, '-e', PLAIN, host);
    await until(() => output.text.endsWith('\n'), PATIENCE_MS, 'a plain answer');
    return output.text.trim();
  };
  assert.match(blog.log, /tlsfront is ready: https:\/\/localhost -> /);
  assert.equal(await ask('localhost'), '308 https://localhost/a?b=c');
  assert.equal(await ask('shop.localhost'), '308 https://shop.localhost/a?b=c');
  blog.child.kill('SIGKILL');
  await shop.logged(/this project serves by itself[\s\S]*tlsfront is ready: https:\/\/localhost ->/);
  assert.equal(await ask('shop.localhost'), '308 https://shop.localhost/a?b=c');
});
