/** The first start on a terminal asks once whether the certificate shall be trusted; nobody else is asked. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { CLI } from '../support/command.js';
import { atTerminal } from '../support/person.js';
import { StartedFront } from '../support/started-front.js';
import { MISSING, type Missing, requirePython, requireTools } from '../support/tools.js';
import { Afterwards, makeWorkspace } from '../support/workspace.js';

/** No store of the system, and no program that has one of its own, is reached from here, whoever runs the test. */
const NO_SYSTEM_STORE = `
for folder in /usr/local/share/ca-certificates /etc/pki/ca-trust/source/anchors /etc/ca-certificates/trust-source/anchors /etc/pki/trust/anchors /usr/share/pki/trust/anchors; do
  if [ -d "$folder" ]; then mount -t tmpfs none "$(dirname "$folder")"; fi
done
PATH="$PROGRAMS" exec "$@"`;

/** Lists and adds as NSS's does, to a folder of the test. */
const CERTUTIL = `#!/bin/sh
folder=\${2#sql:}
for word; do case $word in tlsfront-*) name=$word;; */authority.pem) file=$word;; esac; done
print() { while read -r line; do echo "$line"; done; }
case "$*" in
  *' -L '*) test -e "$folder/$name" && print < "$folder/$name" ;;
  *' -A '*) print < "$file" > "$folder/$name" ;;
esac`;

describe('with a browser that does not trust it', () => {
  const ending = new Afterwards();
  let home = '';
  let programs = '';
  before(() => {
    const workspace = makeWorkspace(ending);
    home = workspace.at('home');
    programs = workspace.at('bin');
    mkdirSync(programs, { recursive: true });
    writeFileSync(join(programs, 'certutil'), CERTUTIL);
    chmodSync(join(programs, 'certutil'), 0o755);
  });
  after(() => ending.run());

  async function start(
    t: TestContext,
    answer: string,
    more: NodeJS.ProcessEnv = {},
    dataFolder?: string,
  ): Promise<StartedFront | Missing> {
    const python = requirePython(t);
    const tools = requireTools(t, 'unshare', 'mount');
    if (python === MISSING || tools === MISSING) return MISSING;
    const first = ['-rm', 'bash', '-ec', NO_SYSTEM_STORE, 'bash'] as const;
    if (
      spawnSync(tools.unshare, [...first, process.execPath, '--version'], { stdio: 'ignore' }).status !== 0
    ) {
      t.skip('this system lets no user hide a folder');
      return MISSING;
    }
    const database = join(home, '.pki/nssdb');
    mkdirSync(database, { recursive: true });
    writeFileSync(join(database, 'cert9.db'), '');
    const front = StartedFront.launch({
      arguments: ['--listen', '127.0.0.1:0', '--upstream', '9'],
      program: [tools.unshare, ...first, ...atTerminal(python), process.execPath, CLI],
      environment: {
        ...{
          HOME: home,
          PROGRAMS: programs,
          JAVA_HOME: undefined,
          ANSWER: answer,
          CI: '',
          SUDO_UID: undefined,
        },
        ...(dataFolder === undefined ? {} : { XDG_DATA_HOME: dataFolder }),
        ...more,
      },
    });
    t.after(() => front.stop());
    await front.logged(/tlsfront is ready/);
    return front;
  }

  function isInstalled(front: StartedFront): boolean {
    const name = /tlsfront-[0-9a-f]{16}/.exec(front.log)?.[0] ?? 'nothing';
    return existsSync(join(home, '.pki/nssdb', name));
  }

  test('Enter has it trusted, with the commands shown before, and no hint is left', async (t) => {
    const front = await start(t, '\\r');
    if (front === MISSING) return;
    assert.match(front.log, /Chromium[\s\S]*certutil -d .*[\s\S]*Trust it now\? \[Y\/n\]/);
    assert.match(front.log, /trusted by Chromium/);
    assert.doesNotMatch(front.log, /to trust this certificate/);
    assert.equal(isInstalled(front), true);
  });

  test('with CI nobody is asked; no is remembered, and leaves the hint', async (t) => {
    const alone = await start(t, '\\r', { CI: '1' });
    if (alone === MISSING) return;
    assert.doesNotMatch(alone.log, /Trust it now/);
    const { dataFolder } = alone;
    const front = await start(t, 'n\\r', {}, dataFolder);
    if (front === MISSING) return;
    assert.match(front.log, /Trust it now\?/);
    assert.equal(isInstalled(front), false);
    const again = await start(t, '\\r', {}, dataFolder);
    if (again === MISSING) return;
    assert.doesNotMatch(again.log, /Trust it now/);
    assert.match(again.log, /to trust this certificate: .*ca install/);
  });
});
