/** The part of the description that tells of interventions. */
import { answer, OUTCOME, REFUSAL } from './openapi-parts.js';

const UPSTREAM = {
  name: 'upstream',
  in: 'query',
  required: true,
  description: 'As status shows it, or its port where no other has it',
  schema: { type: 'string' },
};

function text(name: string, description: string) {
  return { name, in: 'query', description, schema: { type: 'string' } };
}

function list(name: string, description: string) {
  return { name, in: 'query', description, schema: { type: 'array', items: { type: 'string' } } };
}

function seconds(name: string, description: string) {
  return { name, in: 'query', description, schema: { type: 'number', minimum: 0 } };
}

export const INTERVENTION_PATHS = {
  '/v1/interventions': {
    get: {
      summary: 'What is ordered beside the configuration',
      responses: {
        200: answer('What is in force', { $ref: '#/components/schemas/Interventions' }),
      },
    },
  },
  '/v1/drain': {
    post: {
      summary: 'Take an upstream out; the answer ends when nothing is in flight there',
      parameters: [
        UPSTREAM,
        {
          name: 'seconds',
          in: 'query',
          description: 'How long to wait; 60 where it is left out',
          schema: { type: 'number', minimum: 0 },
        },
      ],
      responses: { 200: OUTCOME, 500: REFUSAL },
    },
  },
  '/v1/deploy': {
    post: {
      summary:
        'Put a new version of an app in the place of the one that serves; the answer ends when that one is empty',
      parameters: [
        text('app', 'Its name, where there are several'),
        list('upstream', 'Where the new version runs, without a route; may be repeated'),
        list('command', 'Or what starts it: program and arguments, one each'),
        text('folder', 'Where the command is started; an absolute path'),
        text('path', 'What it is asked for'),
        {
          name: 'checks',
          in: 'query',
          description: 'So many good answers in a row; 3 where it is left out',
          schema: { type: 'integer', minimum: 1, maximum: 100 },
        },
        seconds('timeout', 'For its start and the checks; 30 where it is left out'),
        seconds('drain', 'What the old version has after this is ended; 30 where it is left out'),
      ],
      responses: { 200: OUTCOME, 500: REFUSAL },
    },
  },
  '/v1/undrain': {
    post: {
      summary: 'Give it back',
      parameters: [UPSTREAM],
      responses: {
        200: answer('It takes requests again', { type: 'object' }),
        404: REFUSAL,
        500: REFUSAL,
      },
    },
  },
  '/v1/maintenance/on': {
    post: {
      summary: 'Answer requests with 503 and a page',
      parameters: [
        { name: 'message', in: 'query', description: 'What the page says', schema: { type: 'string' } },
        {
          name: 'allow',
          in: 'query',
          description: 'Clients that the apps serve all the same; may be repeated',
          schema: { type: 'array', items: { type: 'string' } },
        },
      ],
      responses: {
        200: answer('In force in every router', { $ref: '#/components/schemas/Maintenance' }),
        500: REFUSAL,
      },
    },
  },
  '/v1/pause': {
    post: {
      summary: 'Hold requests',
      parameters: [
        {
          name: 'seconds',
          in: 'query',
          description: 'Longest hold of each, after which it gets 503; 30 where it is left out',
          schema: { type: 'number', exclusiveMinimum: 0, maximum: 3600 },
        },
      ],
      responses: { 200: answer('Every router does', { $ref: '#/components/schemas/Pause' }), 500: REFUSAL },
    },
  },
  '/v1/resume': {
    post: {
      summary: 'Let them go, in the order in which they came',
      responses: { 200: answer('They have gone', { type: 'object' }), 404: REFUSAL },
    },
  },
  '/v1/maintenance/off': {
    post: {
      summary: 'The apps answer again',
      responses: { 200: answer('They do', { type: 'object' }), 404: REFUSAL },
    },
  },
} as const;

export const INTERVENTION_SCHEMAS = {
  Interventions: {
    type: 'object',
    required: ['drained', 'maintenance', 'pause', 'deployed'],
    properties: {
      drained: { type: 'array', items: { type: 'string' } },
      maintenance: { anyOf: [{ type: 'null' }, { $ref: '#/components/schemas/Maintenance' }] },
      pause: { anyOf: [{ type: 'null' }, { $ref: '#/components/schemas/Pause' }] },
      deployed: { type: 'array', items: { $ref: '#/components/schemas/Deployment' } },
    },
  },
  Deployment: {
    type: 'object',
    required: ['app', 'upstreams', 'command', 'folder', 'configured', 'sinceMs'],
    properties: {
      app: { type: 'string' },
      upstreams: { type: 'array', items: { type: 'string' }, description: 'Empty: the command is started' },
      command: { type: ['array', 'null'], items: { type: 'string' } },
      folder: { type: ['string', 'null'] },
      configured: { type: 'string', description: 'Marks what the configuration said of the app then' },
      sinceMs: { type: 'integer', description: 'Milliseconds since 1970' },
    },
  },
  Pause: {
    type: 'object',
    required: ['maxMs', 'sinceMs'],
    properties: {
      maxMs: { type: 'integer', description: 'Longest hold of a request, in milliseconds' },
      sinceMs: { type: 'integer', description: 'Milliseconds since 1970' },
    },
  },
  Maintenance: {
    type: 'object',
    required: ['message', 'allowed', 'sinceMs'],
    properties: {
      message: { type: ['string', 'null'] },
      allowed: { type: 'array', items: { type: 'string' } },
      sinceMs: { type: 'integer', description: 'Milliseconds since 1970' },
    },
  },
} as const;
