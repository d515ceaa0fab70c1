/** `tlsfront password`: asks for a password and prints the line of a `--basic-auth` file. */
import { randomBytes, scrypt } from 'node:crypto';
import { misused } from '../options/read-setting.js';
import { scryptBytes } from '../shared/password-hash.js';
import { type CommandIo, EXIT_SUCCESS } from '../terminal/console.js';

/** As OWASP's cheat sheet has them for 32 MiB (N=2^15, r=8, p=3). */
const COST = { ln: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const DIGEST_BYTES = 32;
const MAX_PASSWORD_BYTES = 1024;

/** @throws FrontError config_usage */
export async function runPassword(user: string | undefined, io: CommandIo): Promise<number> {
  if (user === undefined)
    throw misused('password needs a user name', 'write tlsfront password alice >> users');
  if (user === '' || user.includes(':') || /\p{Cc}/u.test(user) || user.startsWith('#'))
    throw misused(
      `'${user}' is no user name`,
      'it has no colon and no control characters, and does not begin with #',
    );
  const password = process.stdin.isTTY ? await askTwice(io) : await readLine();
  if (password === '')
    throw misused('the password is empty', 'type one, or send it as one line to the input');
  if (Buffer.byteLength(password) > MAX_PASSWORD_BYTES)
    throw misused('the password is longer than 1024 bytes', 'a shorter one is as safe');
  io.stdout.write(`${user}:${await hashPassword(password)}\n`);
  return EXIT_SUCCESS;
}

/** In the PHC string format. */
function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const cost = { N: 2 ** COST.ln, r: COST.r, p: COST.p };
  const maxmem = scryptBytes(cost) + 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, DIGEST_BYTES, { ...cost, maxmem }, (error, digest) => {
      if (error !== null) reject(error);
      else resolve(`$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${unpadded(salt)}$${unpadded(digest)}`);
    });
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

async function askTwice(io: CommandIo): Promise<string> {
  const first = await askHidden(io, 'Password: ');
  const second = await askHidden(io, 'Once more: ');
  if (first !== second) throw misused('the two are not the same', 'try again');
  return first;
}

/** Reads a line without showing it. */
function askHidden(io: CommandIo, question: string): Promise<string> {
  const { stdin } = process;
  io.stderr.write(question);
  stdin.setRawMode(true);
  return new Promise((resolve, reject) => {
    let text = '';
    const leave = (): void => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      io.stderr.write('\n');
    };
    const onData = (chunk: string): void => {
      for (const character of chunk) {
        if (character === '\r' || character === '\n') {
          leave();
          resolve(text);
          return;
        }
        // Ctrl-C and Ctrl-D.
        if (character === '\u0003' || character === '\u0004') {
          leave();
          reject(misused('no password was given', 'run it again'));
          return;
        }
        text = character === '\u007f' || character === '\b' ? text.slice(0, -1) : text + character;
      }
    };
    stdin.setEncoding('utf8').on('data', onData);
    stdin.resume();
  });
}

/** The first line of the input, without its end. */
async function readLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.includes('\n') || text.length > 2 * MAX_PASSWORD_BYTES) break;
  }
  const [line = ''] = text.split(/\r?\n/, 1);
  return line;
}
