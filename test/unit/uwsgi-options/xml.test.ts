/** XML that uWSGI has no use for, or that is none, is refused with its line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readXml } from '../../../src/options/uwsgi/xml-text.js';

const WRONG: readonly (readonly [what: string, text: string, expected: RegExp])[] = [
  ['nothing', '', /^line 1: there is no element/],
  ['no XML', 'http = :80\n', /^line 1: 'http = :80' stands outside/],
  ['another first element', '<config>\n<threads>2</threads></config>', /^its first element is not <uwsgi>/],
  ['capitals', '<UWSGI/>', /^its first element is not <uwsgi>/],
  [
    'a uwsgi further inside',
    '<a><b><uwsgi><threads>2</threads></uwsgi></b></a>',
    /^its first element is not/,
  ],
  ['no end', '<uwsgi>\n<threads>2</threads>\n', /^line 1: <uwsgi> is not closed/],
  ['a wrong end', '<uwsgi>\n<threads>\n2</uwsgi>', /^line 3: <threads> of line 2 is closed by <\/uwsgi>/],
  ['an end alone', '</uwsgi>', /^line 1: <\/uwsgi> closes nothing/],
  ['two first elements', '<uwsgi/>\n<uwsgi/>', /^line 2: <uwsgi> stands behind the end/],
  ['text between options', '<uwsgi>\n\nthreads\n</uwsgi>', /^line 3: 'threads' stands outside/],
  ['an element in an option', '<uwsgi>\n<env>\n<b>1</b></env></uwsgi>', /^line 3: <b> stands within <env>/],
  ['an app of old', '<uwsgi>\n<app mountpoint="/"><module>x</module></app></uwsgi>', /^line 2: .*<mount>/],
  ['a bare ampersand', '<uwsgi>\n<env>A=a&b</env></uwsgi>', /^line 2: '&b' cannot be read: only &amp;/],
  [
    'an ampersand and a blank',
    '<uwsgi><env>A\n & B</env></uwsgi>',
    /^line 2: '&' cannot be read: write &amp;/,
  ],
  ['an unknown entity', '<uwsgi><env>A=&foo;</env></uwsgi>', /^line 1: '&foo;' cannot be read/],
  ['a number beyond Unicode', '<uwsgi><env>A=&#x110000;</env></uwsgi>', /^line 1: '&#x110000;' cannot/],
  ['a DOCTYPE', '<!DOCTYPE uwsgi [<!ENTITY e "5">]>\n<uwsgi/>', /^line 1: a DOCTYPE/],
  ['a comment without end', '<uwsgi>\n<!-- <threads>', /^line 2: <!-- <threads has no end/],
  ['an attribute without quotes', '<uwsgi id=one/>', /^line 1: <uwsgi id=one\/ is no element/],
  [
    'Latin-1',
    '<?xml version="1.0" encoding="ISO-8859-1"?><uwsgi><env>A=ä</env></uwsgi>',
    /ISO-8859-1: save it/,
  ],
];

for (const [what, text, expected] of WRONG) {
  test(`${what} is refused`, () => {
    assert.throws(() => readXml(text, 'uwsgi'), { message: expected });
  });
}

test('the wanted id is the first that has it, or a uwsgi without one', () => {
  const text =
    '<c>\n<uwsgi id="a"><x>1</x></uwsgi>\n<uwsgi><x>2</x></uwsgi>\n<uwsgi id=\'b\'><x>3</x></uwsgi></c>';
  const of = (section: string) => readXml(text, section).map(({ value, line }) => [value, line]);
  assert.deepEqual(
    [of('uwsgi'), of('a'), of('b'), of('none')],
    [[['1', 2]], [['1', 2]], [['2', 3]], [['2', 3]]],
  );
  // The first element is taken whatever its id is.
  assert.equal(readXml('<uwsgi id="a"><x>1</x></uwsgi>', 'b').length, 1);
});

test('a large file of unclosed elements is refused at once', () => {
  assert.throws(() => readXml('<a '.repeat(200_000), 'uwsgi'), /^Error: line 1/);
  assert.throws(() => readXml('<!--'.repeat(200_000), 'uwsgi'), /^Error: line 1/);
  assert.throws(() => readXml(`<a${' x="1"'.repeat(100_000)}`, 'uwsgi'), /^Error: line 1/);
});
