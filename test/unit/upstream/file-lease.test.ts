/** A file whose client takes nothing, where many are open: it is closed meanwhile, and opened again only if it is the same. */
import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { RequestHead } from '../../../proxy/exchange/types.js';
import { NO_ROUTE } from '../../../proxy/routing/route-table.js';
import { createUpstream } from '../../../proxy/routing/upstream.js';
import { FileLease } from '../../../proxy/upstream/files/file-lease.js';
import { FileRoot } from '../../../proxy/upstream/files/file-root.js';
import type { LeaseHandler } from '../../../proxy/upstream/transport.js';
import { NO_LINES } from '../../../proxy/wire/syntax/field-lines.js';
import { PLAIN_FILES } from '../../../src/shared/config/apps.js';
import { until } from '../../support/deadline.js';
import { PATIENCE_MS } from '../../support/started-front.js';
import { makeWorkspace } from '../../support/workspace.js';

const SIZE = 1_000_000;

/** A client of /large.bin that pauses with the first piece, beside so many open files. */
async function pausedBeside(t: TestContext, others: number) {
  const workspace = makeWorkspace(t);
  const file = workspace.write('large.bin', Buffer.alloc(SIZE, 'a'));
  const open = { count: others };
  const seen: { bytes: number; readonly events: string[] } = { bytes: 0, events: [] };
  const handler: LeaseHandler = {
    client: '',
    needsHttp1: false,
    onLease: () => undefined,
    onNoLease: () => undefined,
    onWritable: () => undefined,
    onInformational: () => undefined,
    onTunnel: () => undefined,
    onFlush: () => undefined,
    onResponse: ({ status, contentLength }) => seen.events.push(`${status} ${contentLength}`),
    onBody: (view) => {
      if (seen.bytes === 0) lease.pause();
      seen.bytes += view.length;
    },
    onEnd: () => seen.events.push('end'),
    onFailure: (code) => seen.events.push(code),
  };
  const upstream = createUpstream(
    {
      ...{ id: 1, app: 0, hostName: null, key: '', needsLength: false, ready: true },
      ...{ scheme: 'file', host: '', port: 0, path: workspace.path },
      ...{ lookUp: null, weight: 1, proxyProtocol: null },
    },
    NO_ROUTE.app,
  );
  const root = new FileRoot(workspace.path, PLAIN_FILES);
  const lease = new FileLease(upstream, root, handler, open);
  const head: RequestHead = {
    ...{ method: 'GET', path: '/large.bin', authority: 'localhost', headers: [], memo: null },
    httpVersion: '1.1',
  };
  const facts = {
    ...{ remoteAddress: '127.0.0.1', remotePort: 1, localAddress: '127.0.0.1', localPort: 1 },
    ...{ tlsVersion: '', cipher: '', tlsGroup: '', serverName: '', trusted: false, certificate: null },
    ...{ listener: 0, clientFields: [] },
  };
  lease.sendHead({ head, facts }, '/large.bin', { repeated: NO_LINES, own: [] }, 'none');
  await until(() => seen.bytes > 0, PATIENCE_MS, 'the first bytes');
  return { workspace, file, open, seen, lease, over: () => seen.events.length > 1 };
}

test('beside few open files it stays open', async (t) => {
  const { open, seen, lease, over } = await pausedBeside(t, 1);
  assert.equal(open.count, 2);
  lease.resume();
  await until(over, PATIENCE_MS, 'the end');
  assert.deepEqual([seen.events, seen.bytes, open.count], [[`200 ${SIZE}`, 'end'], SIZE, 1]);
});

test('beside many it is closed, and read on from where it was', async (t) => {
  const { open, seen, lease, over } = await pausedBeside(t, 300);
  assert.ok(seen.bytes < SIZE);
  assert.equal(open.count, 300);
  lease.resume();
  await until(over, PATIENCE_MS, 'the end');
  assert.deepEqual([seen.events, seen.bytes, open.count], [[`200 ${SIZE}`, 'end'], SIZE, 300]);
});

test('another file in its place is not taken for it', async (t) => {
  const { workspace, file, open, seen, lease, over } = await pausedBeside(t, 300);
  renameSync(workspace.write('other.bin', Buffer.alloc(SIZE, 'b')), file);
  lease.resume();
  await until(over, PATIENCE_MS, 'the end');
  assert.deepEqual([seen.events, open.count], [[`200 ${SIZE}`, 'upstream_cut'], 300]);
});

test('a client that leaves has its file closed', async (t) => {
  const { open, seen, lease } = await pausedBeside(t, 1);
  lease.resume();
  lease.abort();
  await until(() => open.count === 1, PATIENCE_MS, 'the end of the file');
  assert.deepEqual(seen.events, [`200 ${SIZE}`]);
});
