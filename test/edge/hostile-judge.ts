/** Runs one hostile-upstream case over one protocol and says everything that is wrong with the outcome. */
import { until } from '../support/deadline.js';
import { type ClientResponse, type RawClient, RawHttp1Client } from '../support/raw-client.js';
import { RawHttp2Client } from '../support/raw-http2-client.js';
import { valuesOf } from '../support/strict-head.js';
import type { Edge } from './edge.js';
import { type HostileCase, POISON } from './hostile-case.js';

export type Protocol = 'http1' | 'http2';

/** Longer than every limit that the fronts of these cases are started with. */
const SETTLE_MS = 30_000;
const LET_GO_MS = 30_000;
/** Scripts that wait for what never comes are left behind after this. */
const PLAYED_MS = 300;

/** The case's faults; an empty list is a pass. */
export async function judgeHostile(edge: Edge, row: HostileCase, protocol: Protocol): Promise<string[]> {
  const token = edge.token();
  // A front may send a GET again on a fresh connection: it meets the same answer.
  edge.oracle.script(token, [...row.answer], [...row.answer]);
  const client =
    protocol === 'http1' ? await requestHttp1(edge, row, token) : await requestHttp2(edge, row, token);
  const faults = row.outcome === 'left' ? await leave(edge, client, token) : await settle(client, row);
  // What the script still sends late must come while the upstream connection is idle, not as the answer to the probe.
  await until(() => edge.oracle.hasPlayed(token), PLAYED_MS, 'the script played').catch(() => undefined);
  faults.push(...judgeMessages(edge, row, token));
  if (row.next === 'post') faults.push(...(await postNext(edge)));
  // Two requests that an upstream connection with bytes left over would answer wrongly.
  for (let round = 0; round < 2; round += 1) {
    const fault = await edge.probe();
    if (fault !== undefined) faults.push(`the next request: ${fault}`);
  }
  client.socket.destroy();
  return faults;
}

async function requestHttp1(edge: Edge, row: HostileCase, token: string): Promise<RawHttp1Client> {
  const { method, body, held, headers } = row.request;
  const client = await RawHttp1Client.open(edge.front, [method]);
  const lines = [`${method} /${token} HTTP/1.1`, 'Host: localhost'];
  for (let index = 0; index < headers.length; index += 2)
    lines.push(`${headers[index]}: ${headers[index + 1]}`);
  if (method === 'POST') lines.push(`Content-Length: ${body.length}`);
  const head = `${lines.join('\r\n')}\r\n\r\n`;
  // Not awaited: an answer may come, and must be read, while the body is still being sent.
  void client.send(head + body.slice(0, body.length - held));
  return client;
}

async function requestHttp2(edge: Edge, row: HostileCase, token: string): Promise<RawHttp2Client> {
  const { method, body, held, headers } = row.request;
  const client = await RawHttp2Client.open(edge.front);
  const pseudo = [':method', method, ':scheme', 'https', ':authority', 'localhost', ':path', `/${token}`];
  client.headers(1, [...pseudo, ...headers], body === '');
  if (body !== '') void client.body(1, body.slice(0, body.length - held), held === 0);
  return client;
}

/** The client goes away once the upstream has the request; the upstream connection must follow. */
async function leave(edge: Edge, client: RawHttp1Client | RawHttp2Client, token: string): Promise<string[]> {
  const arrived = await until(() => edge.oracle.messagesOf(token)[0], LET_GO_MS, 'the request at the oracle');
  if (arrived.raw === '') return ['an empty head'];
  if (client instanceof RawHttp2Client) client.reset(1, 8);
  else client.socket.destroy();
  try {
    await until(() => edge.oracle.isClosed(arrived.connection), LET_GO_MS, 'the upstream let go');
    return arrived.complete && arrived.method === 'POST'
      ? ['a request that was never whole arrived whole']
      : [];
  } catch {
    return ['the client has gone and the upstream connection is still held'];
  }
}

async function settle(client: RawClient, row: HostileCase): Promise<string[]> {
  const settled = await client.settle(1, SETTLE_MS);
  const faults: string[] = [];
  if (!settled) faults.push('the client was left hanging');
  if (client.problem !== undefined) faults.push(`the client was sent: ${client.problem}`);
  if (client.responses.length > 1) faults.push(`${client.responses.length} final responses to one request`);
  if (client.informational.length > 200)
    faults.push(`${client.informational.length} interim responses passed on`);
  const [response] = client.responses;
  if (response !== undefined) faults.push(...judgeResponse(response, row));
  else if (row.outcome === 'whole') faults.push('no response');
  return faults;
}

function judgeResponse(response: ClientResponse, row: HostileCase): string[] {
  const faults: string[] = [];
  const shown = `${response.complete ? 'a whole' : 'a cut'} ${response.status} ${JSON.stringify(response.body.slice(0, 80))}`;
  if (response.body.includes(POISON)) faults.push(`bytes that belong to no answer: ${shown}`);
  for (const name of row.lacks ?? []) {
    const seen = [...valuesOf(response.headers, name), ...valuesOf(response.trailers, name)];
    if (seen.length > 0) faults.push(`field ${name} was passed on: ${seen.join(' | ')}`);
  }
  const asWritten = response.complete && response.status === row.status && response.body === row.body;
  const visiblyFailed = !response.complete || (response.status >= 500 && response.status < 600);
  if (row.outcome === 'whole' && !asWritten) faults.push(shown);
  if (row.outcome === 'failed' && !visiblyFailed) faults.push(`must have failed: ${shown}`);
  if (row.outcome === 'either' && !asWritten && !visiblyFailed) faults.push(shown);
  if (asWritten) faults.push(...judgeFields(response, row));
  return faults;
}

function judgeFields(response: ClientResponse, row: HostileCase): string[] {
  return Object.entries(row.fields ?? {}).flatMap(([name, wanted]) => {
    const values = valuesOf(response.headers, name);
    return values.join('|') === wanted.join('|') ? [] : [`field ${name}: ${values.join(' | ')}`];
  });
}

function judgeMessages(edge: Edge, row: HostileCase, token: string): string[] {
  const faults = edge.oracle.violationsOf(token).map((violation) => `oracle: ${violation.rule}`);
  const count = edge.oracle.messagesOf(token).length;
  const most = row.messages ?? 1;
  if (count < 1 || count > most) faults.push(`the request arrived ${count} times, at most ${most}`);
  return faults;
}

/** A POST on the kept connection: answered well or 502, and never sent twice. */
async function postNext(edge: Edge): Promise<string[]> {
  const token = edge.token();
  const client = await RawHttp1Client.open(edge.front);
  await client.send(`POST /${token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi`);
  const settled = await client.settle(1, SETTLE_MS);
  client.socket.destroy();
  const status = client.responses[0]?.status ?? 0;
  const count = edge.oracle.messagesOf(token).length;
  const faults = count > 1 ? [`a POST was sent ${count} times`] : [];
  if (!settled || (status !== 502 && status !== 200)) faults.push(`the POST after it got ${status}`);
  return faults;
}
