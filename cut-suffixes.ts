/** Cuts the suffixes of registries out of the Public Suffix List: `node dist/cut-suffixes.js public_suffix_list.dat` writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { domainToASCII } from 'node:url';
import { packageFile } from './src/system/package-files.js';

const [, , source = 'public_suffix_list.dat'] = process.argv;
const list = readFileSync(source, 'utf8');
const date = /^\/\/ VERSION: (\d{4}-\d{2}-\d{2})/m.exec(list)?.[1] ?? process.argv[3] ?? 'unknown date';
const ours = list.slice(list.indexOf('===BEGIN ICANN'), list.indexOf('===END ICANN'));
const below = new Map<string, string[]>();
for (const line of ours.split('\n')) {
  const rule = line.trim();
  // Every top-level name is a suffix by the list's default rule.
  if (rule === '' || rule.startsWith('//') || rule.startsWith('=') || !rule.includes('.')) continue;
  const [, mark = '', name = ''] = /^(!|\*\.)?(.*)$/.exec(rule) ?? [];
  const labels = name.split('.').map((label) => domainToASCII(label));
  const top = labels.pop() ?? '';
  const rest = mark === '!' ? `!${labels.join('.')}` : [...(mark === '' ? [] : ['*']), ...labels].join('.');
  below.set(top, [...(below.get(top) ?? []), rest]);
}
const lines = [...below]
  .sort(([one], [other]) => (one < other ? -1 : 1))
  .map(([top, rests]) => `${top} ${rests.sort().join(' ')} `);
writeFileSync(
  packageFile('src/certificates/suffixes/registry-suffixes.ts'),
  `/**
 * The suffixes beneath which registries register, one line for each top-level name: the ICANN part of the Public Suffix List
 * (https://publicsuffix.org/, of ${date}), whose data are under the Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/), and so is this file.
 * Written by cut-suffixes.ts.
 */
export const REGISTRY_SUFFIXES = \`
${lines.join('\n')}
\`;
`,
);
