/** The calls that change how a running front serves beside its configuration. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FrontError } from '../shared/errors.js';
import { beginProgress, type Handler, queryOf, readSeconds, sendJson, sendMissing } from './calls.js';
import { describeFailure } from './failure.js';
import type { ControlVerbs } from './types.js';

/** Without `seconds`: as long as a drain at the end of the front may take. */
const DRAIN_SECONDS = 60;

/** Without `seconds`: how long a request waits in a pause. */
const PAUSE_SECONDS = 30;
/** Clients give up long before. */
const MAX_PAUSE_SECONDS = 3600;

/** Method and path → what answers it. */
export const INTERVENTION_ROUTES: Readonly<Record<string, Handler>> = {
  'GET /v1/interventions': (verbs, _request, response) => sendJson(response, 200, verbs.interventions()),
  'POST /v1/drain': drain,
  'POST /v1/undrain': undrain,
  'POST /v1/maintenance/on': maintenanceOn,
  'POST /v1/maintenance/off': maintenanceOff,
  'POST /v1/pause': pause,
  'POST /v1/resume': resume,
};

async function drain(verbs: ControlVerbs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const query = queryOf(request);
  const timeoutMs = readSeconds(query.get('seconds'), DRAIN_SECONDS) * 1000;
  const say = beginProgress(response);
  try {
    const name = await verbs.drain(query.get('upstream') ?? '', timeoutMs, (drained) =>
      say({ type: 'progress', text: `${drained} gets no new requests` }),
    );
    say({ type: 'done', text: `${name} is drained: nothing is in flight there` });
  } catch (error) {
    say({ type: 'failed', ...describeFailure(error) });
  }
  response.end();
}

async function undrain(
  verbs: ControlVerbs,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const upstream = queryOf(request).get('upstream') ?? '';
  const name = await verbs.undrain(upstream);
  if (name !== null) sendJson(response, 200, { upstream: name });
  else sendMissing(response, `${upstream} is not drained`, 'tlsfront status shows what is');
}

async function maintenanceOn(
  verbs: ControlVerbs,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const query = queryOf(request);
  sendJson(response, 200, await verbs.beginMaintenance(query.get('message'), query.getAll('allow')));
}

async function maintenanceOff(
  verbs: ControlVerbs,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (await verbs.endMaintenance()) sendJson(response, 200, {});
  else sendMissing(response, 'maintenance is not on', 'tlsfront status shows what is');
}

async function pause(verbs: ControlVerbs, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const seconds = readSeconds(queryOf(request).get('seconds'), PAUSE_SECONDS);
  if (seconds <= 0 || seconds > MAX_PAUSE_SECONDS)
    throw new FrontError('config_usage', `requests cannot wait for ${seconds} s`, {
      hint: `more than 0 and ${MAX_PAUSE_SECONDS} at most; tlsfront maintenance on is for longer times`,
    });
  sendJson(response, 200, await verbs.pause(seconds * 1000));
}

async function resume(
  verbs: ControlVerbs,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (await verbs.resume()) sendJson(response, 200, {});
  else sendMissing(response, 'requests are not paused', 'tlsfront status shows what is');
}
