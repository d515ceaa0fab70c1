/** Ends a process that is stuck in one case, and names the case: a loop without end cannot report itself. */
import { writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** Nothing that a codec does with a few hundred bytes takes a thousandth of this. */
const STUCK_MS = 20_000;

/** Seed, case and a count that grows with every case. */
type Marks = Int32Array<SharedArrayBuffer>;

/** Runs beside the cases in a thread of its own. */
export class Watchdog {
  private readonly marks: Marks = new Int32Array(new SharedArrayBuffer(12));
  private readonly worker: Worker;

  constructor(label: string) {
    this.worker = new Worker(new URL(import.meta.url), { workerData: { label, marks: this.marks } });
    this.worker.unref();
  }

  /** A case begins. */
  begin(seed: number, index: number): void {
    this.marks[0] = seed;
    this.marks[1] = index;
    this.marks[2] = (this.marks[2] ?? 0) + 1;
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

function watch({ label, marks }: { label: string; marks: Marks }): void {
  let seen = -1;
  setInterval(() => {
    if (marks[2] !== seen) {
      seen = marks[2] ?? 0;
      return;
    }
    const place = `--target ${label} --seed ${marks[0]} --case ${marks[1]}`;
    writeSync(
      2,
      `error: ${label} is stuck, no end of a case in ${STUCK_MS} ms\nhint: npm run fuzz -- ${place}\n`,
    );
    process.kill(process.pid, 'SIGKILL');
  }, STUCK_MS);
}

if (!isMainThread) watch(workerData);
