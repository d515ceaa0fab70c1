/** Development servers with bundlers of their own, or none, as they are run in Chromium behind the front. */
import { HYDRATED, ICON, MODULE_PAGE, type ServerProject } from './server-project.js';

const SHOW = "document.getElementById('greeting').textContent =";

const ANGULAR = [...['build', 'cli', 'common', 'compiler', 'compiler-cli', 'core', 'platform-browser']];

export const OTHER_PROJECTS: readonly ServerProject[] = [
  {
    name: 'next',
    packages: ['next@16.4.6', 'react@19.3.1', 'react-dom@19.3.1'],
    script: 'next dev',
    files: {
      'app/layout.jsx': `export default function Layout({ children }) {
  return <html lang="en"><head>${ICON.replace('>', ' />')}</head><body>{children}</body></html>;
}
`,
      'app/page.jsx': `export default function Page() { return <p id="greeting">GREETING</p>; }\n`,
    },
    edited: 'app/page.jsx',
    ready: HYDRATED,
    edit: 'in place',
    // Next's own words: it cuts the WebSocket without an answer.
    refusal: /\[app\].*Blocked cross-origin request [\s\S]*allowedDevOrigins: \['app\.test'\]/,
    ownName: { 'next.config.mjs': "export default { allowedDevOrigins: ['app.test'] };\n" },
  },
  {
    name: 'webpack',
    packages: ['webpack@5.113.0', 'webpack-cli@6.0.1', 'webpack-dev-server@5.2.7'],
    packagesOfToday: ['webpack@5.113.0', 'webpack-cli@7.3.1', 'webpack-dev-server@6.1.0'],
    script: 'webpack serve',
    files: {
      'webpack.config.js':
        "module.exports = { mode: 'development', entry: './main.js', devServer: { hot: true } };\n",
      'public/index.html': `<!doctype html><html><head>${ICON}</head><body><p id="greeting"></p><script src="/main.js"></script></body></html>\n`,
      'main.js': `const show = () => { ${SHOW} require('./greeting.js').greeting; };
show();
module.hot.accept('./greeting.js', show);
`,
      'greeting.js': "exports.greeting = 'GREETING';\n",
    },
    edited: 'greeting.js',
    edit: 'in place',
  },
  {
    name: 'express',
    packages: ['express@5.3.0'],
    script: 'node --watch server.js',
    files: {
      'server.js': `const app = require('express')();
app.get('/', (request, response) => response.send('<!doctype html>${ICON}<p id="greeting">GREETING</p>'));
app.listen(process.env.PORT);
`,
    },
    edited: 'server.js',
    edit: 'restart',
    // While it starts again there is nothing but the front's own page.
    known: /status of 503/,
  },
  {
    name: 'parcel',
    packages: ['parcel@2.16.4'],
    script: 'parcel index.html',
    files: {
      'index.html': MODULE_PAGE,
      'main.js': `import { greeting } from './greeting.js';
${SHOW} greeting;
module.hot.accept();
`,
      'greeting.js': "export const greeting = 'GREETING';\n",
    },
    edited: 'greeting.js',
    edit: 'in place',
  },
  {
    name: 'angular',
    packages: ANGULAR.map((name) => `@angular/${name}@21.2`).concat(['rxjs@7', 'tslib@2', 'typescript@5.9']),
    packagesOfToday: ANGULAR.map((name) => `@angular/${name}@22.2`).concat([
      'rxjs@7',
      'tslib@2',
      'typescript@6',
    ]),
    script: 'ng serve',
    files: {
      'angular.json': JSON.stringify({
        version: 1,
        cli: { analytics: false },
        projects: {
          app: {
            projectType: 'application',
            root: '',
            sourceRoot: 'src',
            architect: {
              build: {
                builder: '@angular/build:application',
                options: {
                  browser: 'src/main.ts',
                  index: 'src/index.html',
                  tsConfig: 'tsconfig.json',
                  outputPath: 'dist',
                  optimization: false,
                },
              },
              serve: { builder: '@angular/build:dev-server', options: { buildTarget: 'app:build' } },
            },
          },
        },
      }),
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          target: 'ES2022',
          module: 'preserve',
          moduleResolution: 'bundler',
          experimentalDecorators: true,
        },
        files: ['src/main.ts'],
      }),
      'src/index.html': `<!doctype html><html lang="en"><head><base href="/">${ICON}</head><body><app-root></app-root></body></html>\n`,
      'src/main.ts':
        "import { bootstrapApplication } from '@angular/platform-browser';\nimport { Page } from './page';\nbootstrapApplication(Page);\n",
      'src/page.ts':
        "import { Component } from '@angular/core';\n@Component({ selector: 'app-root', templateUrl: './page.html' })\nexport class Page {}\n",
      'src/page.html': '<p id="greeting">GREETING</p>\n',
    },
    edited: 'src/page.html',
    edit: 'in place',
  },
  {
    name: 'flask',
    packages: [],
    python: { module: 'flask', arguments: ['-m', 'flask', 'run', '--debug'] },
    files: {
      'app.py': `from flask import Flask
app = Flask(__name__)
@app.route('/')
def page():
    return '<!doctype html>${ICON}<p id="greeting">GREETING</p>'
`,
    },
    edited: 'app.py',
    edit: 'restart',
    known: /status of 503/,
  },
  {
    name: 'django',
    packages: [],
    python: { module: 'django', arguments: ['manage.py', 'runserver'] },
    files: {
      'manage.py': djangoProject(''),
      'page.py': `PAGE = '<!doctype html>${ICON}<p id="greeting">GREETING</p>'\n`,
    },
    edited: 'page.py',
    edit: 'restart',
    known: /status of 503/,
    refusal: /Django refuses requests for app\.test[\s\S]*ALLOWED_HOSTS/,
    ownName: { 'manage.py': djangoProject("'app.test', 'localhost', '.localhost'") },
  },
];

function djangoProject(hosts: string): string {
  return `import sys
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import path
from page import PAGE
urlpatterns = [path('', lambda request: HttpResponse(PAGE))]
settings.configure(DEBUG=True, SECRET_KEY='s', ROOT_URLCONF=__name__, ALLOWED_HOSTS=[${hosts}], MIDDLEWARE=['django.middleware.common.CommonMiddleware'])
execute_from_command_line(sys.argv)
`;
}
