/** What uWSGI says of a failed start is found among its many lines, and each kind has a next step. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainFailure } from '../../../src/master/workers/failed-start.js';

/** What uWSGI prints anyway, before and behind. */
const BEFORE = [
  '*** Starting uWSGI 2.0.21-debian (64bit) on [Mon Nov 30 21:33:37 2026] ***',
  'pcre jit disabled',
  '*** WARNING: you are running uWSGI as root !!! (use the --uid flag) ***',
  'your server socket listen backlog is limited to 100 connections',
];
const AFTER = [
  "unable to load app 0 (mountpoint='') (callable not found or import error)",
  '*** no app loaded. GAME OVER ***',
];

const SAID: readonly (readonly [lines: readonly string[], reason: RegExp, hint: RegExp])[] = [
  [
    ['unable to find "application" callable in file flaskish.py', ...AFTER],
    /did not start: there is no application in flaskish\.py$/,
    /--callable NAME/,
  ],
  [
    ["/usr/bin/uwsgi: unrecognized option '--gevent=10'", 'getopt_long() error'],
    /did not start: this uWSGI has no --gevent$/,
    /--plugin .*or leave --gevent out/,
  ],
  [
    ["uwsgi: option '--threads' requires an argument", 'getopt_long() error'],
    /did not start: option '--threads' requires an argument$/,
    /uwsgi --help/,
  ],
  [['invalid cheaper value: must be lower than processes'], /: invalid cheaper value: must be lower/, /says/],
  [
    ['realpath() of production.ini failed: No such file or directory [core/utils.c line 3662]'],
    /: realpath\(\) of production\.ini failed: No such file/,
    /says/,
  ],
  [
    ['open("./x.so"): No such file or directory [core/utils.c line 3771]'],
    /: open\("\.\/x\.so"\): No such/,
    /says/,
  ],
  [
    [
      'Traceback (most recent call last):',
      '  File "a.py", line 1',
      "ImportError: cannot import name 'b'",
      ...AFTER,
    ],
    /did not start: ImportError: cannot import name 'b'$/,
    /the app must load without the front/,
  ],
  [
    ['Listen queue size is greater than the system max net.core.somaxconn (4096).'],
    /: Listen queue size is greater than the system max/,
    /says/,
  ],
  [['bye'], /exit code 1; its last words: .* \| bye$/, /those of uWSGI/],
];

for (const [lines, reason, hint] of SAID) {
  test(`uWSGI: ${lines[0]}`, () => {
    const end = { reason: 'exit code 1', hint: null, lastLines: [...BEFORE, ...lines] };
    const error = explainFailure(1, end, 'uwsgi');
    assert.match(error.message, reason);
    assert.match(error.hint ?? '', hint);
  });
}

test('what a command prints is told as it is', () => {
  const end = { reason: 'exit code 3', hint: null, lastLines: ['cannot find the settings'] };
  const error = explainFailure(2, end, 'command');
  assert.match(
    error.message,
    /\(worker 2\) did not start: exit code 3; its last words: cannot find the settings$/,
  );
  assert.match(error.hint ?? '', /PORT/);
  assert.equal(explainFailure(1, { ...end, hint: 'own' }, null).hint, 'own');
});
