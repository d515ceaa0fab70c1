/** SIGHUP, or a touch of the file of --touch-reload, reads the configuration file again: listeners, processes and rules change, or the old ones stay with the reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '../support/https-client.js';
import { freePort } from '../support/ports.js';
import { SAMPLE_APP, StartedFront } from '../support/started-front.js';
import { makeWorkspace } from '../support/workspace.js';

async function fieldOf(port: number, ca: string): Promise<string> {
  const client = new Client({ port, ca }, 'http/1.1');
  const { headers } = await client.request('/');
  client.close();
  return String(headers['x-version']);
}

test('a reload serves by the changed file, on a new listener beside the kept one', async (t) => {
  const folder = makeWorkspace(t);
  const [kept, added] = [await freePort(), await freePort()];
  const write = (version: string, ports: readonly number[], more = ''): string =>
    folder.write(
      'tlsfront.toml',
      `listen = [${ports.map((port) => `"127.0.0.1:${port}"`).join(', ')}]
command = ${JSON.stringify(SAMPLE_APP)}
header-down = "X-Version ${version}"
${more}`,
    );
  write('one', [kept]);
  const front = await StartedFront.start({ arguments: ['--touch-reload', 'touched'], folder: folder.path });
  t.after(() => front.stop());
  assert.equal(await fieldOf(kept, front.ca), 'one');

  write('two', [kept, added], 'quiet = true');
  front.child.kill('SIGHUP');
  await front.logged(/the new generation serves; the old one drains/);
  assert.deepEqual([await fieldOf(kept, front.ca), await fieldOf(added, front.ca)], ['two', 'two']);
  assert.match(front.log, /^warning: --quiet has changed, which counts after a restart only$/m);

  write('three', [kept], 'lisen = 1');
  front.child.kill('SIGHUP');
  await front.logged(
    /^error: reload: tlsfront\.toml:4:1: lisen is not an option; the old generation goes on serving\nhint: did you mean listen\?$/m,
  );
  assert.equal(await fieldOf(added, front.ca), 'two');

  const from = front.log.length;
  write('four', [kept]);
  front.child.kill('SIGHUP');
  await front.logged(/the new generation serves; the old one drains/, from);
  assert.equal(await fieldOf(kept, front.ca), 'four');
  await assert.rejects(fieldOf(added, front.ca));

  const again = front.log.length;
  write('five', [kept]);
  folder.write('touched', '');
  await front.logged(/received word of \S+\/touched, which was touched: starting a new generation/, again);
  await front.logged(/the new generation serves; the old one drains/, again);
  assert.equal(await fieldOf(kept, front.ca), 'five');
});
