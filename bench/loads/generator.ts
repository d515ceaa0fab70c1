/** Runs one load generator and reads the peer's CPU time at the lines where its measured window begins and ends. */
import { createInterface } from 'node:readline';
import { endChild, startChild } from '../child.js';
import type { Launch } from '../contract.js';
import { readCpuMicros, readTree } from '../process-tree.js';

/** A generator that is not gone so long after its window will never be. */
const AFTER_END_LIMIT_MS = 5_000;

export interface GeneratorPlan extends Launch {
  readonly peerPid: number;
  /** Text in the line at which the window begins. */
  readonly beginMark: string;
  /** Text in the line at which it ends. */
  readonly endMark: string;
  readonly limitMs: number;
}

/** What happened between the two marks, and all lines the generator wrote. */
export interface Window {
  readonly elapsedMs: number;
  readonly peerCpuMicros: number;
  readonly peerCores: number;
  /** Null when the generator was gone before it could be looked at. */
  readonly generatorCores: number | null;
  readonly rssBytes: number;
  readonly rssBeforeBytes: number;
  readonly lines: readonly string[];
}

interface Look {
  readonly at: number;
  readonly cpuMicros: number;
  readonly rssBytes: number;
  readonly generatorMicros: number | null;
}

function look(peerPid: number, generatorPid: number): Look {
  const generatorMicros = readCpuMicros(generatorPid);
  const { cpuMicros, rssBytes } = readTree(peerPid);
  return { at: performance.now(), cpuMicros, rssBytes, generatorMicros };
}

/** The line that says what was wrong, or the last few where none does. */
function lastWords(output: string): string {
  const lines = output.split('\n');
  return lines.find((line) => line.startsWith('error: ')) ?? lines.slice(-3).join(' / ');
}

/** Runs the generator to its end. Throws when it fails, stays over its limit or never writes a mark. */
export async function runGenerator(plan: GeneratorPlan): Promise<Window> {
  const child = startChild(plan);
  const { process: generator } = child;
  const ended = new Promise<number | null>((resolve) => {
    generator.once('exit', resolve);
    generator.once('error', () => resolve(null));
  });
  const timer = setTimeout(() => void endChild(child), plan.limitMs);
  const lines: string[] = [];
  let hang: NodeJS.Timeout | undefined;
  let begin: Look | null = null;
  let end: Look | null = null;
  if (generator.stdout === null) throw new Error('the generator has no output');
  for await (const line of createInterface({ input: generator.stdout })) {
    if (begin === null && line.includes(plan.beginMark)) begin = look(plan.peerPid, child.pid);
    else if (end === null && line.includes(plan.endMark)) {
      end = look(plan.peerPid, child.pid);
      hang = setTimeout(() => void endChild(child), AFTER_END_LIMIT_MS);
    }
    lines.push(line);
  }
  const code = await ended;
  clearTimeout(timer);
  clearTimeout(hang);
  if (code !== 0 || begin === null || end === null) {
    const fate = code === null ? 'was ended at its time limit' : `failed with exit code ${code}`;
    throw new Error(`the load generator ${fate}: ${lastWords(child.tail())}`);
  }
  const elapsedMs = end.at - begin.at;
  const peerCpuMicros = end.cpuMicros - begin.cpuMicros;
  const generatorMicros =
    end.generatorMicros === null || begin.generatorMicros === null
      ? null
      : end.generatorMicros - begin.generatorMicros;
  return {
    elapsedMs,
    peerCpuMicros,
    peerCores: peerCpuMicros / 1000 / elapsedMs,
    generatorCores: generatorMicros === null ? null : generatorMicros / 1000 / elapsedMs,
    rssBytes: end.rssBytes,
    rssBeforeBytes: begin.rssBytes,
    lines,
  };
}
