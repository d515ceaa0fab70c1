/** Runs one request case against an edge and says everything that is wrong with the outcome. */
import type { OracleMessage } from '../support/oracle.js';
import { type ClientResponse, type RawClient, RawHttp1Client } from '../support/raw-client.js';
import { frame, RawHttp2Client } from '../support/raw-http2-client.js';
import { valuesOf } from '../support/strict-head.js';
import type { Edge } from './edge.js';
import type { Arrival, Expectation, Http2Step, RequestCase } from './request-case.js';

/** How long a legitimate request may take on a busy machine, and how long a doubtful one is waited for. */
const SURE_MS = 30_000;
const DOUBTFUL_MS = 250;
const FINISH_MS = 600;

/** The case's faults; an empty list is a pass. */
export async function judge(edge: Edge, row: RequestCase): Promise<string[]> {
  await edge.recovered();
  const token = edge.token();
  const client = await perform(edge, row, token);
  const { expect } = row;
  if (expect.min > 0) await client.settle(expect.min, SURE_MS);
  if (expect.cut !== true) await client.settle(answersWanted(row), DOUBTFUL_MS);
  const faults = listed(await edge.probe());
  await client.finish(FINISH_MS);
  // A request may be passed on only now that the client has gone: the second probe waits behind it.
  if (expect.never === 'whole') faults.push(...listed(await edge.probe()));
  faults.push(...judgeOracle(edge, token, expect), ...judgeClient(client, token, expect));
  return faults;
}

function listed(fault: string | undefined): string[] {
  return fault === undefined ? [] : [fault];
}

function answersWanted(row: RequestCase): number {
  if (row.protocol === 'http1') return Math.max(1, row.expect.min, row.expect.max);
  const streams = row.send.flatMap((step) => ('headers' in step ? [step.stream ?? 1] : []));
  return Math.max(1, new Set(streams).size);
}

type Fill = (text: string) => string;

function filler(token: string): Fill {
  return (text) => text.replaceAll('{t}', token).replaceAll('{host}', 'localhost');
}

async function perform(edge: Edge, row: RequestCase, token: string): Promise<RawClient> {
  const fill = filler(token);
  if (row.protocol === 'http1') {
    const client = await RawHttp1Client.open(edge.front, row.expect.methods);
    await client.send(...row.send.map(fill));
    return client;
  }
  const client = await RawHttp2Client.open(edge.front);
  for (const step of row.send) sendStep(client, step, fill);
  return client;
}

function sendStep(client: RawHttp2Client, step: Http2Step, fill: Fill): void {
  if ('headers' in step) {
    client.headers(step.stream ?? 1, step.headers.map(fill), step.end ?? true, step.split);
  } else if ('data' in step) client.data(step.stream ?? 1, fill(step.data), step.end ?? true, step.padding);
  else if ('reset' in step) client.reset(step.stream ?? 1, step.reset);
  else client.write(frame(step.type, step.flags, step.on, Buffer.from(fill(step.payload), 'latin1')));
}

function judgeOracle(edge: Edge, token: string, expect: Expectation): string[] {
  const faults = edge.oracle.violationsOf(token).map((violation) => `oracle: ${violation.rule}`);
  const all = edge.oracle.messagesOf(token);
  const canaries = all.filter((message) => message.target.includes('canary'));
  for (const canary of canaries) faults.push(`SMUGGLED: ${canary.method} ${canary.target}`);
  const own = all.filter((message) => !canaries.includes(message));
  if (own.length < expect.min || own.length > expect.max) {
    const shown = own.map((message) => message.raw.slice(0, 100)).join(' | ');
    faults.push(
      `${own.length} messages at the oracle, not ${expect.min} to ${expect.max}: ${JSON.stringify(shown)}`,
    );
  }
  for (const message of own) {
    if (expect.never === 'whole' && message.complete)
      faults.push('a request that was never whole arrived whole');
    if (expect.min > 0 && !message.complete) faults.push('a request arrived cut');
    // Only the front writes this field: a request without it was never seen by the front as one.
    const origin = valuesOf(message.headers, 'x-forwarded-for').join();
    if (origin !== '127.0.0.1') faults.push(`X-Forwarded-For ${JSON.stringify(origin)} on ${message.target}`);
    if (expect.arrives !== undefined) faults.push(...judgeArrival(message, expect.arrives, filler(token)));
  }
  return faults;
}

function judgeArrival(message: OracleMessage, arrives: Arrival, fill: Fill): string[] {
  const faults: string[] = [];
  const same = (what: string, actual: string, wanted: string | undefined): void => {
    if (wanted === undefined || actual === wanted) return;
    faults.push(
      `${what} ${JSON.stringify(actual.slice(0, 200))}, not ${JSON.stringify(wanted.slice(0, 200))}`,
    );
  };
  const filled = (text: string | undefined): string | undefined => (text === undefined ? text : fill(text));
  same('method', message.method, arrives.method);
  same('target', message.target, filled(arrives.target));
  if (message.complete) same('body', message.body, filled(arrives.body));
  same('trailers', message.trailers.join('|').toLowerCase(), arrives.trailers?.join('|').toLowerCase());
  for (const [name, wanted] of Object.entries(arrives.headers ?? {})) {
    const values = valuesOf(message.headers, name);
    if (wanted === null && values.length > 0) faults.push(`field ${name} arrived: ${values.join(' | ')}`);
    if (wanted !== null) same(`field ${name}`, values.join(' | '), wanted);
  }
  for (const text of arrives.lacks ?? []) {
    if (message.raw.toLowerCase().includes(text.toLowerCase())) faults.push(`${text} arrived`);
  }
  return faults;
}

function judgeClient(client: RawClient, token: string, expect: Expectation): string[] {
  const faults: string[] = [];
  if (client.problem !== undefined) faults.push(`the client was sent: ${client.problem}`);
  const most = expect.answers ?? Math.max(1, expect.max);
  if (client.responses.length > most)
    faults.push(`${client.responses.length} final responses, at most ${most}`);
  for (const response of client.responses) faults.push(...judgeResponse(response, token, expect));
  if (expect.min > 0 && client.responses.length < expect.min) {
    faults.push(`${client.responses.length} final responses of ${expect.min}; ${client.resets} resets`);
  }
  return faults;
}

function judgeResponse(response: ClientResponse, token: string, expect: Expectation): string[] {
  const { status } = response;
  const shown = `${status} ${JSON.stringify(response.body.slice(0, 100))}`;
  const faults: string[] = [];
  if (expect.min > 0 && expect.statuses === undefined && (status !== 200 || !response.complete)) {
    faults.push(`a legitimate request got ${response.complete ? '' : 'a cut '}${shown}`);
  }
  if (expect.statuses !== undefined && !expect.statuses.includes(status)) faults.push(`answered ${shown}`);
  const doomed = expect.max === 0 || expect.never === 'whole';
  if (doomed && status < 400 && response.complete) faults.push(`a request to be refused got ${shown}`);
  const named = response.body.includes(token) || response.body === '';
  if (status === 200 && response.complete && !named) faults.push(`somebody else's answer: ${shown}`);
  return faults;
}
