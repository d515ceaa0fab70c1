/** The ports of `tlsfront setup`, in a root folder of the test and with a sysctl of its own: what is done, and taken back. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type PortsPlan, planPorts, planPortsUndo } from '../../../src/commands/setup/ports.js';
import { makeWorkspace } from '../../support/workspace.js';

const RULE = 'etc/sysctl.d/50-tlsfront.conf';
const VALUE = 'proc/sys/net/ipv4/ip_unprivileged_port_start';

/** A Linux of its own, in a folder. */
class FakeLinux {
  private readonly folder: ReturnType<typeof makeWorkspace>;
  constructor(t: TestContext, value?: string) {
    this.folder = makeWorkspace(t);
    if (value !== undefined) this.folder.write(VALUE, `${value}\n`);
    const sysctl = this.folder.write(
      'bin/sysctl',
      `#!/bin/sh\necho "\${3#*=}" > '${this.folder.at(VALUE)}'\n`,
    );
    chmodSync(sysctl, 0o755);
  }

  get machine() {
    const read = (path: string): string | undefined =>
      existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    return { platform: 'linux', root: this.folder.path, read } as const;
  }

  write(text: string): void {
    this.folder.write(RULE, text);
  }

  /** Runs the steps as root would. */
  run({ steps }: PortsPlan): void {
    const env = { ...process.env, PATH: `${this.folder.at('bin')}:${process.env.PATH}` };
    for (const { argv } of steps) {
      const [program, ...rest] = argv;
      assert.equal(spawnSync(program, rest, { env, stdio: 'inherit' }).status, 0, argv.join(' '));
    }
  }

  get value(): string {
    return readFileSync(this.folder.at(VALUE), 'utf8').trim();
  }

  get rule(): string | undefined {
    return this.machine.read(this.folder.at(RULE));
  }
}

for (const before of ['1024', '443', '2000']) {
  test(`from ${before} to 80 and back`, (t) => {
    const linux = new FakeLinux(t, before);
    linux.run(planPorts(linux.machine));
    assert.equal(linux.value, '80');
    assert.match(linux.rule ?? '', /^net\.ipv4\.ip_unprivileged_port_start = 80$/m);
    assert.match(planPorts(linux.machine).text, /every user may have them already/);
    assert.deepEqual(planPorts(linux.machine).steps, []);
    linux.run(planPortsUndo(linux.machine));
    assert.equal(linux.value, before);
    assert.equal(linux.rule, undefined);
    assert.deepEqual(planPortsUndo(linux.machine), { text: 'ports 80 and 443: nothing of ours', steps: [] });
  });
}

test('after a reboot without the rule in force, setup once more keeps the value of before', (t) => {
  const linux = new FakeLinux(t, '2000');
  linux.run(planPorts(linux.machine));
  linux.run({ text: '', steps: [{ argv: ['sysctl', '-q', '-w', 'x=1024'], asRoot: true }] });
  linux.run(planPorts(linux.machine));
  assert.equal(linux.value, '80');
  linux.run(planPortsUndo(linux.machine));
  assert.equal(linux.value, '2000');
});

test("somebody else's file is neither written nor removed", (t) => {
  const linux = new FakeLinux(t, '1024');
  linux.write('net.ipv4.ip_unprivileged_port_start = 443\n');
  assert.match(planPorts(linux.machine).text, /is there, and not by us/);
  assert.deepEqual([...planPorts(linux.machine).steps, ...planPortsUndo(linux.machine).steps], []);
});

for (const broken of ['', ' x', ' 99999', ' 1; reboot', ' 1024 $(reboot)']) {
  test(`a rule that says '${broken}' of before goes back to 1024`, (t) => {
    const linux = new FakeLinux(t, '80');
    linux.write(`# Written by tlsfront setup; before:${broken}\n`);
    linux.run(planPortsUndo(linux.machine));
    assert.equal(linux.value, '1024');
  });
}

test('a kernel without the setting, and other systems, have nothing to do', (t) => {
  const { machine } = new FakeLinux(t);
  assert.match(planPorts(machine).text, /this kernel has no/);
  for (const [platform, text] of [
    ['darwin', /8443 is taken/],
    ['win32', /permits them to every user/],
    ['freebsd', /not known for this system/],
  ] as const) {
    const plan = planPorts({ ...machine, platform });
    assert.match(plan.text, text);
    assert.deepEqual(plan.steps, []);
  }
});
