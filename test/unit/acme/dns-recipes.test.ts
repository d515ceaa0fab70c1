/** The hooks that docs/certificates.md gives for dns-01 do what a hook must, with programs that speak as acme.sh and nsupdate do. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { makeWorkspace, PACKAGE_ROOT, type Workspace } from '../../support/workspace.js';

const run = promisify(execFile);

/** The indented script of the page that holds these words. */
function recipe(words: string): string {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs/certificates.md'), 'utf8');
  const scripts = page.match(/^ {4}#!\/bin\/sh\n(?: {4}.*\n|\n(?= {4}))+/gm) ?? [];
  const [script = '', ...more] = scripts.filter((each) => each.includes(words));
  assert.deepEqual([script !== '', more.length], [true, 0], `one script with ${words}`);
  return script.replace(/^ {4}/gm, '');
}

/** Runs a recipe as the front does. */
async function call(folder: Workspace, script: string, words: readonly string[]): Promise<string> {
  const env = { HOME: folder.path, PATH: `${folder.path}:${process.env.PATH ?? ''}` };
  return (await run(folder.write('hook', script, 0o700), [...words], { env })).stdout;
}

/** acme.sh as it is when it is read by another script: it takes the words it finds, and prints its help where there are none. */
const ACME_SH = `
_initpath() { TOKEN=$(cat "$HOME/.acme.sh/account.conf"); }
main() { [ -z "$1" ] && echo 'Usage: acme.sh' && return; "$@"; }
main "$@"
`;
const PLUGIN = `
dns_cf_add() { echo "add $TOKEN $1 $2"; }
dns_cf_rm() { echo "rm $TOKEN $1 $2"; }
`;

for (const [action, verb] of [
  ['present', 'add'],
  ['cleanup', 'rm'],
] as const) {
  test(`acme.sh's plugin is told to ${verb} the record, with the credentials that were saved`, async (t) => {
    const folder = makeWorkspace(t);
    folder.write('.acme.sh/acme.sh', ACME_SH);
    folder.write('.acme.sh/account.conf', 'secret');
    folder.write('.acme.sh/dnsapi/dns_cf.sh', PLUGIN);
    const words = [action, '_acme-challenge.example.com', '-value'];
    assert.equal(
      await call(folder, recipe('dns_cf.sh'), words),
      `${verb} secret _acme-challenge.example.com -value\n`,
    );
  });
}

for (const [action, update] of [
  ['present', 'update add _acme-challenge.example.com. 60 TXT "value"'],
  ['cleanup', 'update delete _acme-challenge.example.com. TXT "value"'],
] as const) {
  test(`nsupdate gets at ${action}: ${update}`, async (t) => {
    const folder = makeWorkspace(t);
    folder.write('nsupdate', '#!/bin/sh\necho "$@"; cat\n', 0o700);
    const told = await call(folder, recipe('nsupdate'), [action, '_acme-challenge.example.com', 'value']);
    assert.equal(told, `-k /etc/tlsfront/dns.key\nserver ns1.example.com\n${update}\nsend\n`);
  });
}
