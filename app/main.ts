/** The worker process: starts the app the master names, and leaves nothing of it behind. */
import { isWorkerOrder } from '../src/shared/messages/worker-messages.js';
import { Worker } from './worker.js';

/** A terminal sends these to the whole foreground group; the master decides what they mean. */
const MASTER_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

function serve(): void {
  for (const signal of MASTER_SIGNALS) process.on(signal, () => undefined);
  const worker = new Worker();
  process.on('message', (message: unknown) => {
    if (!isWorkerOrder(message)) return;
    if (message.type === 'start') void worker.start(message.plan);
    else if (message.type === 'stop') worker.stop(message.mercyMs);
    else worker.reopenLog(message.file);
  });
  // The channel closes however the master ends, kill -9 included.
  process.on('disconnect', () => worker.abandon());
}

if (process.send === undefined) {
  process.stderr.write(
    'error: app/main.js, it is started by the tlsfront master\nhint: run tlsfront -- COMMAND\n',
  );
  process.exitCode = 2;
} else {
  serve();
}
