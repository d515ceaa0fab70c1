/** A stand-in for the master that a test can kill: forks one worker with the plan of its argument, prints what it reports. */
import { fork } from 'node:child_process';
import { WORKER_MAIN } from './worker.js';

const worker = fork(WORKER_MAIN, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
worker.on('message', (message) => {
  process.stdout.write(`${JSON.stringify({ worker: worker.pid, message })}\n`);
});
worker.send({ type: 'start', plan: JSON.parse(process.argv[2] ?? '') });
