/** The calls by which projects of one user share a front. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FrontError } from '../shared/errors.js';
import { PROJECT_NAME } from '../shared/messages/projects.js';
import { type Handler, queryOf, sendJson, sendMissing } from './calls.js';
import type { ControlVerbs, JoinLine, JoinRequest } from './types.js';

/** Method and path → what answers it. */
export const PROJECT_ROUTES: Readonly<Record<string, Handler>> = {
  'GET /v1/projects': (verbs, _request, response) => sendJson(response, 200, verbs.projects()),
  'POST /v1/join': join,
  'POST /v1/projects/stop': stop,
};

/** The answer has no end: the project is served as long as the connection. */
function join(verbs: ControlVerbs, request: IncomingMessage, response: ServerResponse): void {
  const say = (line: JoinLine): void => void response.write(`${JSON.stringify(line)}\n`);
  const { url, leave } = verbs.join(readJoin(queryOf(request)), {
    stop: () => say({ type: 'stop' }),
    close: () => response.end(),
  });
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  say({ type: 'joined', url });
  response.once('close', leave);
}

function stop(verbs: ControlVerbs, request: IncomingMessage, response: ServerResponse): void {
  const name = queryOf(request).get('name') ?? '';
  if (verbs.stopProject(name)) sendJson(response, 200, { name });
  else
    sendMissing(
      response,
      `no project ${JSON.stringify(name)} has joined this front`,
      'tlsfront list names them',
    );
}

/** @throws FrontError config_usage for what no project of ours says */
function readJoin(query: URLSearchParams): JoinRequest {
  const name = query.get('name') ?? '';
  const pid = Number(query.get('pid'));
  const holdMs = Number(query.get('hold'));
  const addresses = query.getAll('address').map((text) => {
    const [, host = '', port = ''] = /^(localhost|127\.0\.0\.1|::1) (\d{1,5})$/.exec(text) ?? [];
    return { host, port: Number(port) };
  });
  const isWrong =
    !PROJECT_NAME.test(name) ||
    !Number.isInteger(pid) ||
    pid < 1 ||
    !(holdMs >= 0) ||
    addresses.some(({ port }) => port < 1 || port > 65_535);
  if (isWrong) {
    throw new FrontError('config_usage', 'name, pid, hold or address is not valid', {
      hint: 'docs/control.md says what they are',
    });
  }
  return { name, pid, holdMs, addresses, app: (query.get('app') ?? '').slice(0, 200) };
}
