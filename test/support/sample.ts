/** The bundled sample app inside the test's own process. */
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { createSample, type Sample } from '../../app/sample/server.js';

export interface RunningSample extends Sample {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
}

/** Starts the app on a free port of 127.0.0.1; it is cut after the test. */
export async function startSample(t: TestContext): Promise<RunningSample> {
  const sample = createSample();
  sample.server.listen(0, '127.0.0.1');
  await once(sample.server, 'listening');
  const address = sample.server.address();
  if (address === null || typeof address === 'string') throw new Error('the sample app has no port');
  t.after(() => sample.end(0));
  return { ...sample, port: address.port, origin: `http://127.0.0.1:${address.port}` };
}
