/** Every command line and configuration file of the corpus comes to what is written beside it, and nine of ten serve. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AROUND, cutWords, summarize } from '../../support/uwsgi-corpus.js';
import { makeWorkspace } from '../../support/workspace.js';
import { FILES } from './corpus-files.js';
import { LINES, WRONG_LINES } from './corpus-lines.js';

for (const [line, expected] of [...LINES, ...WRONG_LINES]) {
  test(`uwsgi ${line}`, () => {
    assert.equal(summarize(cutWords(line)), expected);
  });
}

/** What the files of the corpus find beside themselves. */
const NEIGHBOURS = {
  'other.ini': '[uwsgi]\nhttp = :8000\nprocesses = 2\n',
  'loop.ini': '[uwsgi]\nini = include-loop.ini\n',
  'module.txt': 'app:app\n',
};

for (const { spec, text, expected } of FILES) {
  test(`the file ${spec} is read as uWSGI reads it`, (t) => {
    const folder = makeWorkspace(t);
    for (const [name, content] of Object.entries(NEIGHBOURS)) folder.write(name, content);
    folder.write(spec.split(':')[0] ?? spec, text);
    const environment = { ADDRESS: ':8000', MODULE: 'app:app', PORT: '8000', STAGE: 'live' };
    const found = summarize(['--ini', spec], { ...AROUND, folder: folder.path, environment });
    assert.equal(found.replaceAll(folder.path, 'FOLDER'), expected);
  });
}

test('the corpus is large, and at least 90 of 100 of its lines serve', () => {
  const serving = LINES.filter(([, expected]) => !expected.startsWith('refused:'));
  assert.ok(LINES.length >= 100 && FILES.length >= 30);
  assert.ok(serving.length / LINES.length >= 0.9, `${serving.length} of ${LINES.length}`);
});
