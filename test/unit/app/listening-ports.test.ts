/** Ports of an app as Linux, macOS and Windows print them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseFound } from '../../../app/found-port.js';
import { judgeAnswer } from '../../../app/http-probe.js';
import { descendants, parseLsof, parseNetstat, parseProcTable } from '../../../app/listening-ports.js';

const row = (local: string, state: string, inode: number): string =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;

test('proc_net_tcp(5): addresses of both families, listening sockets of the given inodes only', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    row('0100007F:1435', '0A', 11),
    row('00000000:0050', '0A', 12),
    row('00000000000000000000000001000000:1436', '0A', 13),
    row('0000000000000000FFFF00000100007F:1437', '0A', 14),
    row('00000000000000000000000000000000:1438', '0A', 15),
    row('0100007F:1439', '01', 16),
    row('0100007F:143A', '0A', 99),
  ].join('\n');
  assert.deepEqual(parseProcTable(table, new Set(['11', '12', '13', '14', '15', '16'])), [
    ['127.0.0.1', 5173],
    ['0.0.0.0', 80],
    ['::1', 5174],
    ['127.0.0.1', 5175],
    ['::', 5176],
  ]);
});

test('lsof -Fn: loopback and every address, not those that loopback does not reach', () => {
  const text = 'p812\nf23\nn127.0.0.1:5173\nf24\nn[::1]:5173\nf25\nn*:3000\nf26\nn192.168.1.5:4000\n';
  assert.deepEqual(parseLsof(text), [
    { port: 5173, hosts: ['127.0.0.1', '::1'] },
    { port: 3000, hosts: ['127.0.0.1', '::1'] },
  ]);
});

test('netstat of Windows: listening sockets of a process tree, whatever the word for LISTENING', () => {
  const tree = descendants('1 0\r\n400 1\r\n401 400\r\n402 401\r\n500 1\r\n', 400);
  assert.deepEqual([...tree], [400, 401, 402]);
  const text = [
    '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
    '  TCP    127.0.0.1:5173         0.0.0.0:0              ABHÖREN          402',
    '  TCP    [::1]:5173             [::]:0                 ABHÖREN          402',
    '  TCP    127.0.0.1:5173         127.0.0.1:50001        HERGESTELLT      402',
    '  TCP    0.0.0.0:135            0.0.0.0:0              ABHÖREN          500',
  ].join('\r\n');
  assert.deepEqual(parseNetstat(text, tree), [{ port: 5173, hosts: ['127.0.0.1', '::1'] }]);
});

for (const [text, expected] of [
  ['HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n', 'page'],
  ['HTTP/1.0 302 Found\r\nLocation: /x\r\nContent-Type: text/html\r\n\r\n', 'page'],
  ['HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}', 'other-http'],
  ['HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n', 'other-http'],
  ['HTTP/1.1 426 Upgrade Required\r\n\r\n', 'not-an-app'],
  ['HTTP/1.0 400 Bad Request\r\n\r\nWebSockets request was expected\r\n', 'not-an-app'],
  ['+PONG\r\n', 'not-an-app'],
  ['', 'not-an-app'],
] as const) {
  test(`an answer that begins ${JSON.stringify(text.slice(0, 40))} is ${expected}`, () => {
    assert.equal(judgeAnswer(text), expected);
  });
}

test('a page is taken before other answers, an answer before silence, the lower of equal ports', () => {
  const at = (answer: 'page' | 'other-http' | 'silent' | 'not-an-app') => ({ host: '127.0.0.1', answer });
  const found = (entries: readonly (readonly [number, ReturnType<typeof at>])[]) =>
    chooseFound(new Map(entries))?.port ?? null;
  assert.equal(
    found([
      [3001, at('other-http')],
      [5174, at('page')],
      [5173, at('page')],
    ]),
    5173,
  );
  assert.equal(
    found([
      [3000, at('silent')],
      [3001, at('other-http')],
    ]),
    3001,
  );
  assert.equal(found([[3000, at('silent')]]), 3000);
  assert.equal(found([[3000, at('not-an-app')]]), null);
});
