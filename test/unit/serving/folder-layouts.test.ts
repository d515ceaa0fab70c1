/** Folders as ACME clients and other servers leave them: through three renewals the newest certificate is served, and nothing is complained of. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { issueRound, LAYOUTS } from '../../support/certificate-layouts.js';
import { chainsOf, makeLoader } from '../../support/serving.js';
import { makeWorkspace } from '../../support/workspace.js';

for (const { program, root, renew } of LAYOUTS) {
  test(`${program}: three renewals, the first certificate of all has expired`, async (t) => {
    const folder = makeWorkspace(t);
    renew(folder, await issueRound(`${program}.layout.test`, 0, true), 0);
    const loader = makeLoader(t, { certDir: [folder.at(root)] });
    for (let round = 1; round <= 3; round += 1) {
      const issued = await issueRound(`${program}.layout.test`, round);
      renew(folder, issued, round);
      const loaded = await loader.load();
      assert.deepEqual(loaded.problems, []);
      assert.deepEqual(
        chainsOf(loaded).map((pem) => new X509Certificate(pem).fingerprint256),
        [new X509Certificate(issued.leaf).fingerprint256],
      );
      assert.equal(chainsOf(loaded)[0]?.match(/BEGIN/g)?.length, 2, 'leaf and intermediate');
      assert.deepEqual(
        // The root of the tests is no public one.
        loaded.notes.filter(
          ({ kind, text }) => kind === 'warning' && !/that authority is not a public one/.test(text),
        ),
        [],
      );
    }
  });
}
