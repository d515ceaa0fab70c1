/** Asks a port whether an app for browsers answers there: neither an inspector, nor the port of a hot-reload WebSocket. */
import { connect } from 'node:net';

/** What an answer on a port looks like. */
export type PortAnswer = 'page' | 'other-http' | 'not-an-app' | 'silent' | 'refused';

const MAX_HEAD_BYTES = 64 * 1024;
/** What Node's inspector says to everybody who does not debug. */
const INSPECTOR_TEXT = 'WebSockets request was expected';

/**
 * One GET of `/`.
 * @param patienceMs after so long without an answer the port is `silent`: a server that compiles first
 */
export function probeHttp(host: string, port: number, patienceMs: number): Promise<PortAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let text = '';
    let isConnected = false;
    const settle = (answer: PortAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    const judge = (): void => settle(isConnected ? judgeAnswer(text) : 'refused');
    socket.setTimeout(patienceMs, () => settle(isConnected ? 'silent' : 'refused'));
    socket.on('connect', () => {
      isConnected = true;
      const bracketed = host.includes(':') ? `[${host}]` : host;
      socket.write(
        `GET / HTTP/1.1\r\nHost: ${bracketed}:${port}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
      );
    });
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_HEAD_BYTES || isJudgeable(text)) judge();
    });
    socket.on('end', judge);
    socket.on('error', judge);
  });
}

/** The head is whole, and of a refusal the first words too. */
function isJudgeable(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return text.length >= 5 && !text.startsWith('HTTP/');
  return !/^HTTP\/1\.[01] 4/.test(text) || text.length > end + 4 + INSPECTOR_TEXT.length;
}

/** @param text what came until the end or until enough was there */
export function judgeAnswer(text: string): PortAnswer {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  // 426 (RFC 9110 §15.5.22): it serves WebSockets alone.
  if (status === undefined || status === '426' || text.includes(INSPECTOR_TEXT)) return 'not-an-app';
  const isHtml = /\r\ncontent-type: *text\/html/i.test(text);
  return isHtml && (status.startsWith('2') || status.startsWith('3')) ? 'page' : 'other-http';
}
