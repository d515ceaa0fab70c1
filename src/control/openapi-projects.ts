/** The part of the control socket's description that is about projects that share a front. */
import { answer, REFUSAL } from './openapi-parts.js';

function query(name: string, description: string, isRequired: boolean) {
  return { name, in: 'query', required: isRequired, description, schema: { type: 'string' } };
}

export const PROJECT_PATHS = {
  '/v1/projects': {
    get: {
      summary: 'The projects that the front serves, its own first, and whether others may join',
      responses: {
        200: answer('As docs/control.md says', { type: 'object' }),
      },
    },
  },
  '/v1/join': {
    post: {
      summary: 'Have a project served as long as the answer lasts',
      parameters: [
        query('name', 'Its name: NAME.localhost', true),
        query('pid', 'Its process', true),
        query('app', 'What a list calls its app', false),
        query('hold', 'How many milliseconds safe requests wait for it', false),
        query(
          'address',
          'Host, a blank, and port on this machine; may be repeated; none: it is starting',
          false,
        ),
      ],
      responses: {
        200: {
          description: 'Lines of JSON: joined with its URL, and stop where it is asked to end',
          content: { 'application/x-ndjson': { schema: { type: 'object' } } },
        },
        500: REFUSAL,
      },
    },
  },
  '/v1/projects/stop': {
    post: {
      summary: 'Ask a project that has joined to end',
      parameters: [query('name', 'Its name', true)],
      responses: { 200: { description: 'It is asked' }, 404: REFUSAL },
    },
  },
} as const;
