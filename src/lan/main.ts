/** The process for the network (`--lan`): answers for our name and serves the page for phones. It has no keys, and ends with the master. */
import { isLanOrder, type LanOrder, type LanReport } from '../shared/config/lan.js';
import { systemCode } from '../shared/system-error.js';
import { MdnsResponder } from './mdns/responder.js';
import { PhonePage } from './page/server.js';

/** A terminal sends these to the whole foreground group; the master decides what they mean. */
const MASTER_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** The goodbye takes milliseconds. */
const GOODBYE_MS = 500;

let responder: MdnsResponder | null = null;

function report(message: LanReport): void {
  if (process.connected) process.send?.(message);
}

async function start(order: Extract<LanOrder, { type: 'start' }>): Promise<void> {
  const { name, places, authorityPem, pagePort } = order;
  const networks = places.map(({ network }) => network);
  const page = new PhonePage(name, places, authorityPem, {
    onVisited: (address, device) => report({ type: 'visited', address, device }),
    onTrusted: (address, device) => report({ type: 'trusted', address, device }),
  });
  try {
    report({ type: 'page', port: await page.open(pagePort) });
  } catch (error) {
    report({ type: 'no_page', reason: systemCode(error) ?? String(error) });
  }
  if (!networks.some(({ family }) => family === 4)) {
    report({ type: 'no_name', reason: 'there is no private IPv4 address' });
    return;
  }
  responder = new MdnsResponder(name, networks, (address) => report({ type: 'conflict', address }));
  try {
    await responder.open();
  } catch (error) {
    responder = null;
    report({ type: 'no_name', reason: `UDP port 5353 cannot be had (${systemCode(error) ?? 'unknown'})` });
  }
}

async function end(): Promise<void> {
  setTimeout(() => process.exit(), GOODBYE_MS);
  await responder?.close();
  process.exit();
}

if (process.send === undefined) {
  process.stderr.write(
    'error: lan/main.js, it is started by the tlsfront master\nhint: run tlsfront --lan\n',
  );
  process.exitCode = 2;
} else {
  for (const signal of MASTER_SIGNALS) process.on(signal, () => undefined);
  process.on('message', (message: unknown) => {
    if (!isLanOrder(message)) return;
    if (message.type === 'start') void start(message);
    else void end();
  });
  // The channel closes however the master ends, kill -9 included.
  process.on('disconnect', () => void end());
}
