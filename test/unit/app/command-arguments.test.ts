/** What is added to the commands of known development servers, and what is left alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addServerArguments } from '../../../app/command-arguments.js';
import { makeWorkspace } from '../../support/workspace.js';

const PLACE = { host: '127.0.0.1', port: 4000, names: ['app.test'] };
const VITE = '--strictPort --port 4000 --host 127.0.0.1';
const WEBPACK =
  '--port 4000 --host 127.0.0.1 --client-web-socket-url auto://0.0.0.0:0/ws --allowed-hosts auto --allowed-hosts app.test';

const SCRIPTS = {
  dev: 'vite',
  start: 'webpack serve --mode development',
  build: 'vite build',
  'dev:all': 'concurrently "npm:api" "npm:web"',
  chained: 'tsc -p . && cross-env NODE_ENV=development vite --open',
  nested: 'npm run dev',
  fixed: 'vite --port 5173',
  circle: 'npm run circle',
  next: 'next dev',
  piped: 'vite | tee log',
};

/** Command → what follows it; '' where nothing may be added. */
const CASES: readonly (readonly [command: string, added: string])[] = [
  ['vite', VITE],
  ['npx vite', VITE],
  ['npx --yes vite dev', VITE],
  ['./node_modules/.bin/vite', VITE],
  ['node node_modules/vite/bin/vite.js', VITE],
  ['vite --port 5173', '--host 127.0.0.1'],
  ['vite --port=5173 --host', ''],
  ['vite build', ''],
  ['vite --mode production build', ''],
  ['vite ./docs', VITE],
  ['vite preview', VITE],
  ['vite optimize', ''],
  ['npm run dev', `-- ${VITE}`],
  ['npm run dev -- --open', VITE],
  ['npm run nested', `-- ${VITE}`],
  ['npm run circle', ''],
  ['npm run fixed', '-- --host 127.0.0.1'],
  ['npm run build', ''],
  ['npm run dev:all', ''],
  ['npm run chained', `-- ${VITE}`],
  ['npm run piped', ''],
  ['npm run next', ''],
  ['npm run absent', ''],
  ['npm run --prefix web dev', ''],
  ['npm start', `-- ${WEBPACK}`],
  ['npm exec vite', VITE],
  ['npm exec -- vite', VITE],
  ['npm test', ''],
  ['pnpm dev', VITE],
  ['pnpm run dev', VITE],
  ['pnpm exec vite', VITE],
  ['yarn dev', VITE],
  ['yarn vite', VITE],
  ['bun run dev', VITE],
  ['bunx vite', VITE],
  ['npx webpack serve', WEBPACK],
  ['npx webpack', ''],
  ['npx webpack --watch', ''],
  ['npx astro dev', '--port 4000 --host 127.0.0.1'],
  ['npx astro build', ''],
  ['ng serve', '--port 4000 --host 127.0.0.1'],
  ['npx storybook dev -p 6006', '--host 127.0.0.1'],
  ['env FLASK_DEBUG=1 flask run', '--port 4000 --host 127.0.0.1'],
  ['python3 -m flask --app hello run', '--port 4000 --host 127.0.0.1'],
  ['python3 manage.py runserver', '127.0.0.1:4000'],
  ['python3 manage.py runserver 8000', ''],
  ['python manage.py migrate', ''],
  ['uv run manage.py runserver', '127.0.0.1:4000'],
  ['uvicorn main:app --reload', '--port 4000 --host 127.0.0.1'],
  ['uvicorn main:app --uds /run/app.sock', '--host 127.0.0.1'],
  ['bin/rails server', '--port 4000 --binding 127.0.0.1'],
  ['bundle exec rails s -b 0.0.0.0', '--port 4000'],
  ['python3 -m http.server', '--bind 127.0.0.1 4000'],
  ['python3 -m http.server 8000', ''],
  ['node server.js', ''],
  ['next dev', ''],
  ['', ''],
];

for (const [command, added] of CASES) {
  test(`${command || 'no command'}: ${added || 'nothing is added'}`, (t) => {
    const folder = makeWorkspace(t);
    folder.write('package.json', JSON.stringify({ scripts: SCRIPTS }));
    const words = command === '' ? [] : command.split(' ');
    const result = addServerArguments(words, PLACE, folder.path);
    assert.equal(result.slice(words.length).join(' '), added);
    assert.deepEqual(result.slice(0, words.length), words);
  });
}

test('a package.json that is not valid adds nothing', (t) => {
  const folder = makeWorkspace(t);
  folder.write('package.json', '{"scripts": ["vite"');
  assert.deepEqual(addServerArguments(['npm', 'run', 'dev'], PLACE, folder.path), ['npm', 'run', 'dev']);
});

test('without names of its own webpack-dev-server keeps its list of hosts', () => {
  const result = addServerArguments(['webpack', 'serve'], { ...PLACE, names: [] }, '.');
  assert.equal(result.includes('--allowed-hosts'), false);
});
