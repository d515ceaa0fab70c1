/** What the figures were taken on and with. */

import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { askVersion, findTool } from './tool.js';

function systemName(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}

/** Processor, memory, system and the load of others at the start. */
export function describeMachine(): Record<string, string | number> {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    system: systemName(),
    kernel: release(),
    loadAverageAtStart: loadavg()[0] ?? 0,
  };
}

/** Versions of the tools that are no peers. */
export function listToolVersions(): Record<string, string> {
  const h2load = findTool('h2load');
  return {
    node: process.versions.node,
    openssl: process.versions.openssl,
    h2load: h2load === null ? 'not installed' : askVersion(h2load, ['--version']),
  };
}
