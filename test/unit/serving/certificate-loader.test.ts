/** One certificate that cannot be used keeps no other from being served, and its old material stays while the process lives. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { issueLeaf } from '../../../src/certificates/development/x509-issuer.js';
import {
  daysFromNow,
  issueTestAuthority,
  TEST_PASSPHRASE,
  testCertificates,
} from '../../support/certificates.js';
import { chainsOf, makeLoader, namesOf } from '../../support/serving.js';
import { makeWorkspace, type Workspace } from '../../support/workspace.js';

const all = await testCertificates();
const clients = await issueTestAuthority('Clients');

/** A pair for NAME.example; `ago` days old, for 90 days. */
async function pair(folder: Workspace, path: string, name: string, ago = 1): Promise<void> {
  const life = { now: daysFromNow(-ago), validDays: 90 };
  const { certPem, keyPem } = await issueLeaf(all.intermediate, [`${name}.example`], life);
  folder.write(`${path}.crt`, certPem + all.intermediate.certPem);
  folder.write(`${path}.key`, keyPem);
}

/** Makes a folder unusable in one place; the reason is what is said. */
const FAULTS: readonly {
  readonly what: string;
  readonly reason: RegExp;
  readonly spoil: (folder: Workspace, path: string) => Promise<void> | void;
}[] = [
  { what: 'has expired', reason: /expired on/, spoil: (folder, path) => pair(folder, path, 'bad', 100) },
  {
    what: 'has the key of another',
    reason: /no certificate beside .*key belongs to it|does not belong/,
    spoil: (folder, path) => void folder.write(`${path}.key`, all.otherLeaf.keyPem),
  },
  {
    what: 'is cut off',
    reason: /no -----END CERTIFICATE/,
    spoil: (folder, path) => void folder.write(`${path}.crt`, all.leaf.certPem.slice(0, 300)),
  },
  { what: 'is empty', reason: /is empty/, spoil: (folder, path) => void folder.write(`${path}.crt`, '') },
  {
    what: 'has a damaged key',
    reason: /-----END PRIVATE KEY|does not belong/,
    spoil: (folder, path) => void folder.write(`${path}.key`, all.leaf.keyPem.slice(0, 100)),
  },
  {
    what: 'has an encrypted key',
    reason: /encrypted and no passphrase/,
    spoil: (folder, path) => void folder.write(`${path}.key`, all.encryptedKeyPem),
  },
];

test('a pair by its names whose key was made for another certificate of the folder is told', async (t) => {
  const folder = makeWorkspace(t);
  for (const name of ['good', 'bad']) await pair(folder, name, name);
  folder.write('bad.key', readFileSync(folder.at('good.key')));
  const first = await makeLoader(t, { certDir: [folder.path] }).load();
  assert.deepEqual(namesOf(first), ['good.example']);
  assert.match(first.problems.map(({ reason }) => reason).join(), /bad\.key is not the key of \S+bad\.crt/);
});

test('in a folder the passphrase opens keys and bundles, and the CA bundle completes chains, without any --cert', async (t) => {
  const folder = makeWorkspace(t);
  const passphrase = folder.write('passphrase', `${TEST_PASSPHRASE}\n`);
  const authorities = folder.write('authorities', all.intermediate.certPem);
  folder.write('live/site.key', all.encryptedKeyPem);
  folder.write('live/site.crt', all.leaf.certPem);
  const given = { certDir: [folder.at('live')] };
  const locked = await makeLoader(t, given)
    .load()
    .catch((error: unknown) => error);
  assert.match(String(locked), /encrypted and no passphrase/);
  const opened = await makeLoader(t, {
    ...given,
    keyPassphraseFile: [passphrase],
    caBundle: [authorities],
  }).load();
  assert.deepEqual(opened.problems, []);
  const [chain = ''] = chainsOf(opened);
  assert.equal(chain.match(/BEGIN/g)?.length, 2);
});

for (const { what, reason, spoil } of FAULTS) {
  test(`in a folder, a pair that ${what} is left out, and later its old one stays`, async (t) => {
    const folder = makeWorkspace(t);
    const loader = makeLoader(t, { certDir: [folder.path] });
    await pair(folder, 'good', 'good');
    await pair(folder, 'bad', 'bad');
    await spoil(folder, 'bad');
    const first = await loader.load();
    assert.deepEqual(namesOf(first), ['good.example']);
    assert.match(first.problems.map((one) => one.reason).join(), reason);
    assert.deepEqual(
      first.problems.map(({ consequence }) => consequence),
      ['it is not served'],
    );
    await pair(folder, 'bad', 'bad');
    assert.deepEqual(namesOf(await loader.load()), ['bad.example', 'good.example']);
    await spoil(folder, 'bad');
    await pair(folder, 'good', 'renewed');
    const last = await loader.load();
    assert.deepEqual(namesOf(last), ['bad.example', 'renewed.example']);
    assert.deepEqual(
      last.problems.map(({ consequence }) => consequence),
      ['the old one goes on serving'],
    );
  });

  test(`of several --cert, one that ${what} is left out, and later its old one stays`, async (t) => {
    const folder = makeWorkspace(t);
    const names = ['good', 'bad'];
    for (const name of names) await pair(folder, name, name);
    const loader = makeLoader(t, {
      cert: names.map((name) => folder.at(`${name}.crt`)),
      key: names.map((name) => folder.at(`${name}.key`)),
    });
    await spoil(folder, 'bad');
    const first = await loader.load();
    assert.deepEqual(namesOf(first), ['good.example']);
    assert.match(first.problems.map((one) => one.reason).join(), reason);
    await pair(folder, 'bad', 'bad');
    await loader.load();
    await spoil(folder, 'bad');
    await pair(folder, 'good', 'renewed');
    const last = await loader.load();
    assert.deepEqual(namesOf(last), ['renewed.example', 'bad.example']);
    assert.equal(last.problems[0]?.consequence, 'the old one goes on serving');
  });
}

test('a pair that is taken away is gone; half of it taken away leaves the old one', async (t) => {
  const folder = makeWorkspace(t);
  const loader = makeLoader(t, { certDir: [folder.path] });
  for (const name of ['a', 'b', 'c']) await pair(folder, name, name);
  await loader.load();
  for (const file of ['a.crt', 'a.key', 'b.crt', 'c.key']) rmSync(folder.at(file));
  await pair(folder, 'd', 'd');
  const loaded = await loader.load();
  assert.deepEqual(namesOf(loaded), ['b.example', 'c.example', 'd.example']);
  assert.deepEqual(loaded.problems.map(({ reason }) => reason.replaceAll(folder.path, '')).sort(), [
    '/b.crt is gone, and /b.key is still there',
    '/c.key is gone, and /c.crt is still there',
  ]);
});

test('of equal names the one in date, then the later begun, then the later ending is served; kinds stay pairs', async (t) => {
  const folder = makeWorkspace(t);
  const write = async (path: string, from: number, days: number): Promise<void> => {
    const leaf = await issueLeaf(all.intermediate, ['x.example'], {
      now: daysFromNow(from),
      validDays: days,
    });
    folder.write(`${path}.pem`, leaf.certPem + all.intermediate.certPem + leaf.keyPem);
  };
  const servedFile = async (): Promise<string | undefined> => {
    const { tls, problems } = await makeLoader(t, { certDir: [folder.path] }).load();
    assert.deepEqual(problems, []);
    assert.equal(tls[0]?.certificates.length, 1);
    return tls[0]?.certificates[0]?.file?.replace(`${folder.path}/`, '');
  };
  await write('a-expired', -100, 90);
  await write('b-old', -50, 90);
  assert.equal(await servedFile(), 'b-old.pem');
  await write('c-future', 5, 90);
  assert.equal(await servedFile(), 'b-old.pem');
  await write('a-new', -10, 60);
  assert.equal(await servedFile(), 'a-new.pem');
  await write('d-new', -10, 70);
  assert.equal(await servedFile(), 'd-new.pem');
});

test('a newest one that is broken is told, and the elder one in date is served', async (t) => {
  const folder = makeWorkspace(t);
  const loader = makeLoader(t, { certDir: [folder.path] });
  await pair(folder, 'old', 'x', 40);
  await pair(folder, 'new', 'x', 2);
  // Its own certificate is whole, what follows is not.
  folder.write('new.crt', readFileSync(folder.at('new.crt'), 'utf8').slice(0, -200));
  const { problems, tls } = await loader.load();
  assert.equal(tls[0]?.certificates[0]?.file, folder.at('old.crt'));
  assert.equal(problems[0]?.consequence, 'an elder one of the same names is served');
});

test('of two --cert of the same names the newer is served, in the place of the first', async (t) => {
  const folder = makeWorkspace(t);
  await pair(folder, 'old', 'x', 40);
  await pair(folder, 'y', 'y');
  await pair(folder, 'new', 'x', 2);
  const names = ['old', 'y', 'new'];
  const loader = makeLoader(t, {
    cert: names.map((name) => folder.at(`${name}.crt`)),
    key: names.map((name) => folder.at(`${name}.key`)),
  });
  const { tls } = await loader.load();
  assert.deepEqual(
    tls[0]?.certificates.map(({ file }) => file),
    [folder.at('new.crt'), folder.at('y.crt')],
  );
});

test('keys of accounts and requests are left out with one line', async (t) => {
  const folder = makeWorkspace(t);
  await pair(folder, 'site', 'site');
  folder.write('ca/account.key', all.strangerClient.keyPem);
  folder.write('site.pem', '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n');
  const { notes, problems } = await makeLoader(t, { certDir: [folder.path] }).load();
  assert.deepEqual(problems, []);
  const lines = notes
    .map(({ text }) => text.replaceAll(folder.path, ''))
    .filter((text) => text.startsWith('left out'));
  assert.deepEqual(lines, [
    'left out of : private keys without a certificate (/ca/account.key) and certificate requests (/site.pem)',
  ]);
});

test('a certificate for some clients only that cannot be served keeps the front from starting: its name would be open', async (t) => {
  const folder = makeWorkspace(t);
  await pair(folder, 'good', 'good');
  await pair(folder, 'bad', 'bad', 100);
  folder.write('bad.ca', clients.certPem);
  await assert.rejects(makeLoader(t, { certDir: [folder.path] }).load(), /bad\.crt.*expired/);
});

test('such a one that breaks later stays closed, and the others are renewed', async (t) => {
  const folder = makeWorkspace(t);
  const loader = makeLoader(t, { certDir: [folder.path] });
  await pair(folder, 'good', 'good');
  await pair(folder, 'bad', 'bad');
  folder.write('bad.ca', clients.certPem);
  await loader.load();
  await pair(folder, 'bad', 'bad', 100);
  await pair(folder, 'good', 'renewed');
  const { tls } = await loader.load();
  assert.deepEqual(
    tls[0]?.certificates.map(({ names, clients: rule }) => [names[0], rule !== undefined]),
    [
      ['bad.example', true],
      ['renewed.example', false],
    ],
  );
});

test('a client authority or revocation list that breaks leaves the old one in force, and the certificates are renewed', async (t) => {
  const folder = makeWorkspace(t);
  await pair(folder, 'site', 'site');
  const flags = {
    cert: [folder.at('site.crt')],
    key: [folder.at('site.key')],
    clientCa: [folder.write('ca.pem', clients.certPem)],
  };
  const loader = makeLoader(t, flags);
  const before = await loader.load();
  folder.write('ca.pem', 'nothing');
  await pair(folder, 'site', 'renewed');
  const { tls, problems } = await loader.load();
  assert.deepEqual(tls[0]?.certificates[0]?.names, ['renewed.example']);
  assert.equal(tls[0]?.clientAuthority, before.tls[0]?.clientAuthority);
  assert.equal(problems[0]?.consequence, 'the old authority stays in force');
});

test('an intermediate alone as the authority of clients is warned of: it serves those who send a name', async (t) => {
  const folder = makeWorkspace(t);
  await pair(folder, 'site', 'site');
  const flags = { cert: [folder.at('site.crt')], key: [folder.at('site.key')] };
  const warned = async (text: string): Promise<boolean> => {
    const { notes } = await makeLoader(t, { ...flags, clientCa: [folder.write('ca.pem', text)] }).load();
    return notes.some((note) => note.kind === 'warning' && note.text.includes('holds no root'));
  };
  assert.equal(await warned(all.intermediate.certPem), true);
  assert.equal(await warned(all.intermediate.certPem + all.root.certPem), false);
});

test('a folder that cannot be read any more keeps its certificates', async (t) => {
  const folder = makeWorkspace(t);
  const site = makeWorkspace(t);
  await pair(folder, 'in/a', 'a');
  await pair(site, 'site', 'site');
  const loader = makeLoader(t, {
    cert: [site.at('site.crt')],
    key: [site.at('site.key')],
    certDir: [folder.at('in')],
  });
  await loader.load();
  rmSync(folder.at('in'), { recursive: true });
  const { problems } = await loader.load();
  assert.match(problems[0]?.reason ?? '', /the folder .* cannot be read/);
  assert.equal(problems[0]?.consequence, 'its old certificates go on serving');
});

test('check reads a development configuration without making anything', async (t) => {
  const { tls } = await makeLoader(t, {}, 'check').load();
  assert.deepEqual(tls[0]?.certificates, []);
});

for (const [what, files, reason] of [
  ['an empty folder', {}, /no private key in the folder/],
  [
    'a key without its certificate',
    { 'a.key': all.leaf.keyPem, 'a.crt': all.otherLeaf.certPem },
    /no certificate beside .*a\.key belongs to it/,
  ],
  [
    'an encrypted key',
    { 'a.key': all.encryptedKeyPem, 'a.crt': all.leaf.certPem },
    /is encrypted and no passphrase/,
  ],
  [
    'a client authority that belongs to no certificate',
    { 'a.key': all.leaf.keyPem, 'a.crt': all.leaf.certPem, 'bundle.ca': all.root.certPem },
    /bundle\.ca is the client authority of no certificate/,
  ],
] as const) {
  test(`${what} is refused`, async (t) => {
    const folder = makeWorkspace(t);
    for (const [name, content] of Object.entries(files)) folder.write(name, content);
    await assert.rejects(makeLoader(t, { certDir: [folder.path] }).load(), reason);
  });
}

test('a --host that no client takes as a wildcard is warned of', async (t) => {
  for (const [host, expected] of [
    ['*.test', true],
    ['*.app.test', false],
  ] as const) {
    const { notes } = await makeLoader(t, { host: [host] }).load();
    assert.equal(
      notes.some(({ kind, text }) => kind === 'warning' && text.startsWith('*.test stands for everything')),
      expected,
    );
  }
});
