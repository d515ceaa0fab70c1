/** The description of the control socket that it gives out itself (OpenAPI 3.1). */
import { INTERVENTION_PATHS, INTERVENTION_SCHEMAS } from './openapi-interventions.js';
import { answer, FAILURE, OUTCOME, progress, REFUSAL } from './openapi-parts.js';
import { PROJECT_PATHS } from './openapi-projects.js';

function text(description: string) {
  return { description, content: { 'text/plain': { schema: { type: 'string' } } } };
}

const BAN = { $ref: '#/components/schemas/Ban' };
const ADDRESS = {
  name: 'address',
  in: 'query',
  required: true,
  description: 'An address, or a network in CIDR notation',
  schema: { type: 'string' },
};

function json(name: string) {
  return answer('As docs/control.md says', { $ref: `#/components/schemas/${name}` });
}

/** `GET /openapi.json`. */
export const OPENAPI = {
  openapi: '3.1.0',
  info: { title: 'tlsfront control socket', version: '1' },
  paths: {
    '/healthz': {
      get: {
        summary: 'Whether requests are taken',
        responses: { 200: text('they are'), 503: text('the state: starting, draining or ended') },
      },
    },
    '/openapi.json': {
      get: { summary: 'This description', responses: { 200: { description: 'OpenAPI 3.1' } } },
    },
    '/v1/status': {
      get: {
        summary: 'State, addresses, processes, counters, certificates',
        responses: { 200: json('Status') },
      },
    },
    '/v1/apps': {
      get: {
        summary: 'The apps: address, whether requests are taken, process',
        responses: { 200: json('Apps') },
      },
    },
    '/v1/events': {
      get: {
        summary: 'The state now, then each change of it and each line of the log, until the front ends',
        responses: { 200: { description: 'Lines of JSON', content: { 'application/x-ndjson': {} } } },
      },
    },
    '/v1/metrics': {
      get: {
        summary: 'Metrics for Prometheus, or OpenMetrics where Accept asks for them',
        responses: { 200: text('As docs/metrics.md says') },
      },
    },
    '/v1/requests': {
      get: {
        summary: 'The latest and the slowest requests; remembered for ten seconds after each call only',
        responses: { 200: json('Requests') },
      },
    },
    '/v1/logs': {
      get: {
        summary: "The master's latest lines",
        parameters: [
          {
            name: 'follow',
            in: 'query',
            description: '1: go on with every further line',
            schema: { enum: ['1'] },
          },
        ],
        responses: { 200: text('One line each') },
      },
    },
    '/v1/logs/reopen': {
      post: {
        summary: 'Open the log file anew, for rotation; apps notice nothing',
        responses: { 200: OUTCOME },
      },
    },
    '/v1/bans': {
      get: {
        summary: 'Addresses that are banned',
        responses: { 200: answer('The bans in force', { type: 'array', items: BAN }) },
      },
    },
    '/v1/ban': {
      post: {
        summary: 'Ban an address or a network; the answer comes when every router refuses it',
        parameters: [ADDRESS, { name: 'seconds', in: 'query', schema: { type: 'integer', minimum: 1 } }],
        responses: { 200: answer('The ban', BAN), 500: REFUSAL },
      },
    },
    '/v1/unban': {
      post: {
        summary: 'Take a ban back',
        parameters: [ADDRESS],
        responses: {
          200: answer('What is banned no longer', { type: 'object' }),
          404: answer('It was not banned', FAILURE),
        },
      },
    },
    ...INTERVENTION_PATHS,
    ...PROJECT_PATHS,
    '/v1/reload': {
      post: {
        summary: 'Start a new generation; the answer ends when it serves, or says why the old one stays',
        parameters: [
          {
            name: 'upgrade',
            in: 'query',
            description: '1: start a new master, of the program as it is on disk, in place of this one',
            schema: { enum: ['1'] },
          },
        ],
        responses: { 200: OUTCOME },
      },
    },
    '/v1/stop': {
      post: {
        summary: 'Drain and end; a second call ends at once. The answer ends with the process',
        responses: { 200: progress('Lines of JSON') },
      },
    },
  },
  components: {
    schemas: {
      Apps: {
        type: 'object',
        required: ['apps'],
        properties: { apps: { type: 'array', items: { type: 'object' } } },
      },
      Requests: {
        type: 'object',
        required: ['latest', 'slowest'],
        properties: {
          latest: { type: 'array', items: { type: 'object' } },
          slowest: { type: 'array', items: { type: 'object' } },
        },
      },
      Ban: {
        type: 'object',
        required: ['address', 'until'],
        properties: { address: { type: 'string' }, until: { type: ['string', 'null'] } },
      },
      ...INTERVENTION_SCHEMAS,
      Failure: {
        type: 'object',
        required: ['error', 'hint', 'code', 'exitCode'],
        properties: {
          error: { type: 'string' },
          hint: { type: ['string', 'null'] },
          code: { type: 'string' },
          exitCode: { enum: [1, 2] },
        },
      },
      Progress: {
        type: 'object',
        required: ['type'],
        properties: { type: { enum: ['progress', 'done', 'failed'] }, text: { type: 'string' } },
        anyOf: [{ required: ['text'] }, FAILURE],
      },
      Status: {
        type: 'object',
        required: [
          'version',
          'pid',
          'state',
          'uptimeSeconds',
          'listeners',
          'upstreams',
          'counters',
          'routers',
          'interventions',
        ],
        properties: {
          version: { type: 'string' },
          node: { type: 'string' },
          pid: { type: 'integer' },
          state: { enum: ['starting', 'serving', 'reloading', 'draining', 'ended'] },
          uptimeSeconds: { type: 'integer' },
          listeners: { type: 'array', items: { type: 'object' } },
          upstreams: { type: 'array', items: { type: 'object' } },
          counters: { type: 'object' },
          routers: { type: 'array', items: { type: 'object' } },
          workers: { type: 'array', items: { type: 'object' } },
          certificates: { type: 'array', items: { type: 'object' } },
          interventions: { $ref: '#/components/schemas/Interventions' },
          lastReload: { type: ['object', 'null'] },
          logFile: { type: ['string', 'null'] },
        },
      },
    },
  },
} as const;
