/** Asks a peer one real request before it is measured: certificate, protocol, status and body must be right. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import type { CertificateFiles, Scenario } from './contract.js';
import { SMALL_BODY, SMALL_PATH } from './upstreams/content.js';

const LIMIT_MS = 10_000;

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A TLS connection to a peer whose certificate was verified, with the ALPN protocol offered. */
export function openSocket(port: number, rootPath: string, protocol: 'h1' | 'h2'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host: '127.0.0.1', port, servername: 'localhost', ca: readFileSync(rootPath) },
      ALPNProtocols: [protocol === 'h2' ? 'h2' : 'http/1.1'],
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`no answer within ${LIMIT_MS} ms`)));
  });
}

function askHttp1(socket: TLSSocket, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({
      path,
      headers: { host: 'localhost' },
      createConnection: () => socket,
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
    asked.end();
  });
}

function askHttp2(socket: TLSSocket, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2('https://localhost', { createConnection: () => socket });
    session.once('error', reject);
    const stream = session.request({ ':path': path });
    const chunks: Buffer[] = [];
    let status = 0;
    stream.once('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('error', reject);
    stream.once('end', () => resolve({ status, body: Buffer.concat(chunks) }));
    stream.end();
  });
}

/** Returns the negotiated protocol and cipher; throws with what is wrong. */
export async function verifyPeer(
  port: number,
  certificate: CertificateFiles,
  check: Scenario['check'],
): Promise<string> {
  const socket = await openSocket(port, certificate.rootPath, check.protocol);
  try {
    const facts = `${socket.getProtocol()} ${socket.getCipher().name}`;
    if (check.protocol === 'h2' && socket.alpnProtocol !== 'h2') throw new Error('it does not speak HTTP/2');
    const { status, body } = await (check.protocol === 'h2' ? askHttp2 : askHttp1)(socket, check.path);
    if (status !== 200) throw new Error(`GET ${check.path} was answered with status ${status}`);
    if (body.length !== check.bodyBytes) throw new Error(`${body.length} body bytes, not ${check.bodyBytes}`);
    if (check.path === SMALL_PATH && body.toString() !== SMALL_BODY) throw new Error('the body was changed');
    return facts;
  } finally {
    socket.destroy();
  }
}
