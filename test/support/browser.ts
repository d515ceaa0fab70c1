/** A headless Chromium with a profile of its own that trusts one authority, driven over the DevTools protocol. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { until, within } from './deadline.js';
import { Afterwards, type Ending, makeWorkspace } from './workspace.js';

const BROWSER_MS = 30_000;
/** What Chromium says where a question meets a page that gives way to the next one. */
const LEAVING = [
  'Inspected target navigated or closed',
  'Execution context was destroyed',
  'Cannot find context',
];

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** One page of the browser. */
export class BrowserPage {
  /** Errors and warnings of the console, exceptions, failed loads. */
  readonly complaints: string[] = [];
  /** URL and protocol (`h2`, `http/1.1`) of each response. */
  readonly responses: { readonly url: string; readonly protocol: string; readonly status: number }[] = [];
  private readonly answers = new Map<number, (message: Message) => void>();
  private readonly ended: Promise<never>;
  private lastId = 0;
  private sessionId = '';
  private text = '';

  private constructor(
    process: ChildProcess,
    private readonly input: Writable,
    output: Readable,
  ) {
    this.ended = once(process, 'exit').then(() => {
      throw new Error('Chromium ended');
    });
    this.ended.catch(() => undefined);
    output.setEncoding('utf8').on('data', (chunk: string) => this.receive(chunk));
  }

  /** Starts the browser with one empty page; it ends after the test. */
  static async start(
    ending: Ending,
    chromium: string,
    certutil: string,
    authorityFiles: string | readonly string[],
    more: readonly string[] = [],
  ): Promise<BrowserPage> {
    // It ends before its folder is removed, whichever order the hooks of `ending` have: what it writes meanwhile would stop both.
    const ends = new Afterwards();
    ending.after(() => ends.run());
    const home = makeWorkspace(ends);
    const database = home.at('.pki/nssdb');
    mkdirSync(database, { recursive: true });
    for (const args of [
      ['-N', '--empty-password'],
      ...[authorityFiles]
        .flat()
        .map((file, index) => ['-A', '-t', 'C,,', '-n', `tests ${index}`, '-i', file]),
    ]) {
      const { status, stderr } = spawnSync(certutil, ['-d', `sql:${database}`, ...args], {
        encoding: 'utf8',
        timeout: BROWSER_MS,
      });
      if (status !== 0) throw new Error(`certutil: ${stderr}`);
    }
    const child = spawn(
      chromium,
      [
        ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
        ...['--remote-debugging-pipe', `--user-data-dir=${home.at('profile')}`, ...more, 'about:blank'],
      ],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
        env: { ...process.env, HOME: home.path },
        detached: true,
      },
    );
    ends.after(async () => {
      // Its own group: the browser starts a dozen processes.
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      // A process of its that left the group may hold their other ends, and the test file would not end.
      for (const pipe of child.stdio) pipe?.destroy();
      await until(
        () => child.exitCode !== null || child.signalCode !== null,
        BROWSER_MS,
        'the end of Chromium',
      );
    });
    const [, , , input, output] = child.stdio;
    if (!(input && 'write' in input) || !(output && 'setEncoding' in output)) throw new Error('no pipes');
    const page = new BrowserPage(child, input, output);
    await page.attach();
    return page;
  }

  /** Loads a page and waits for its load event. */
  async load(url: string): Promise<void> {
    const { errorText } = await this.call('Page.navigate', { url });
    if (errorText !== undefined) throw new Error(`${url}: ${String(errorText)}`);
    await this.waitFor('document.readyState === "complete"', `the page ${url}`);
  }

  /** Value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    return typeof result === 'object' && result !== null && 'value' in result ? result.value : undefined;
  }

  async waitFor(expression: string, label: string): Promise<void> {
    await until(async () => (await this.evaluateIfThere(expression)) === true, BROWSER_MS, label);
  }

  /** As evaluate; undefined where the page leaves for another in that moment. */
  private async evaluateIfThere(expression: string): Promise<unknown> {
    try {
      return await this.evaluate(expression);
    } catch (error) {
      if (error instanceof Error && LEAVING.some((words) => error.message.includes(words))) return undefined;
      throw error;
    }
  }

  private async attach(): Promise<void> {
    const { targetInfos } = await this.call('Target.getTargets', {});
    const targets: unknown[] = Array.isArray(targetInfos) ? targetInfos : [];
    const page = targets.find((target) => readField(target, 'type') === 'page');
    const attached = await this.call('Target.attachToTarget', {
      targetId: readField(page, 'targetId'),
      flatten: true,
    });
    this.sessionId = String(attached.sessionId);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.call(`${domain}.enable`, {});
  }

  private async call(method: string, params: object): Promise<Readonly<Record<string, unknown>>> {
    this.lastId += 1;
    const id = this.lastId;
    const answered = new Promise<Message>((resolve) => this.answers.set(id, resolve));
    const session = this.sessionId === '' ? {} : { sessionId: this.sessionId };
    this.input.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const { result, error } = await within(
      Promise.race([answered, this.ended]),
      BROWSER_MS,
      `${method} of Chromium`,
    );
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  }

  private receive(chunk: string): void {
    this.text += chunk;
    for (let end = this.text.indexOf('\0'); end !== -1; end = this.text.indexOf('\0')) {
      const message: Message = JSON.parse(this.text.slice(0, end));
      this.text = this.text.slice(end + 1);
      if (message.id !== undefined) this.answers.get(message.id)?.(message);
      else this.note(message);
    }
  }

  private note({ method, params }: Message): void {
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params));
    else if (method === 'Log.entryAdded') this.complaints.push(JSON.stringify(params?.entry));
    else if (method === 'Network.loadingFailed') this.complaints.push(JSON.stringify(params));
    else if (method === 'Runtime.consoleAPICalled' && ['error', 'warning'].includes(String(params?.type)))
      this.complaints.push(JSON.stringify(params?.args));
    else if (method === 'Network.responseReceived') {
      const response = params?.response;
      this.responses.push({
        url: String(readField(response, 'url')),
        protocol: String(readField(response, 'protocol')),
        status: Number(readField(response, 'status')),
      });
    }
  }
}

function readField(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}
