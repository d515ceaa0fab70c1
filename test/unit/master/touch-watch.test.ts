/** `--touch-reload`: which looks at a file are a touch. */
import assert from 'node:assert/strict';
import { rmSync, utimesSync } from 'node:fs';
import { test } from 'node:test';
import { TouchWatch } from '../../../src/master/touch-watch.js';
import { makeWorkspace } from '../../support/workspace.js';

test('a file that is touched, written or made is told once; one that is gone, left alone or new to the list is not', (t) => {
  const folder = makeWorkspace(t);
  const [one, other] = [folder.write('one', ''), folder.at('other')];
  const told: string[] = [];
  const watch = new TouchWatch((file) => told.push(file));
  t.after(() => watch.stop());
  const after = (change: () => void): readonly string[] => {
    told.length = 0;
    change();
    watch.look();
    watch.look();
    return [...told];
  };
  watch.watch({ touchReload: [one, other] });
  assert.deepEqual(
    after(() => {}),
    [],
  );
  assert.deepEqual(
    after(() => utimesSync(one, 1, 1)),
    [one],
  );
  assert.deepEqual(
    after(() => folder.write('other', '')),
    [other],
  );
  assert.deepEqual(
    after(() => rmSync(other)),
    [],
  );
  // What was touched while the front was being reloaded.
  assert.deepEqual(
    after(() => {
      utimesSync(one, 2, 2);
      watch.watch({ touchReload: [one] });
    }),
    [one],
  );
  const third = folder.write('third', '');
  assert.deepEqual(
    after(() => watch.watch({ touchReload: [third] })),
    [],
  );
});
