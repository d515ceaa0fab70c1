/** The sample app as a program: listens on HOST and PORT, and ends its requests before it ends itself. */
import { createSample } from './sample/server.js';

/** What is still open then is cut. */
const END_MERCY_MS = 5000;

const host = process.env.HOST ?? '127.0.0.1';
const port = Number(process.env.PORT ?? 0);
const sample = createSample();

sample.server.on('error', (error) => {
  process.stderr.write(`error: ${host}:${port}, ${error.message}\nhint: set PORT to a free port, or to 0\n`);
  process.exitCode = 1;
});
sample.server.listen(port, host, () => {
  const address = sample.server.address();
  const bound = address !== null && typeof address === 'object' ? address.port : port;
  process.stdout.write(`sample app on http://${host}:${bound}/\n`);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void sample.end(END_MERCY_MS).then(() => process.exit(0));
  });
}
