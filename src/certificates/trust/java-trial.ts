/** Tries Java for real: a client of one source file, run by the java whose keystore is changed. */
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ClientTrial } from './client-trials.js';
import { findKeytool } from './java-store.js';
import type { ProbeServer } from './probe-server.js';
import type { Machine } from './trust-store.js';

const LIMIT_MS = 10_000;

const CLIENT = `
import java.net.Proxy;
import java.net.URL;
import java.net.URLConnection;
public class Probe {
  public static void main(String[] args) throws Exception {
    System.out.println("client runs");
    try {
      URLConnection connection = new URL(args[0]).openConnection(Proxy.NO_PROXY);
      connection.setConnectTimeout(5000);
      connection.setReadTimeout(5000);
      connection.getInputStream().close();
      System.out.println("opened");
    } catch (java.io.IOException refusal) {
      System.out.println(refusal);
    }
  }
}
`;

/** How a Java says that it does not believe a certificate. */
const REFUSAL = /SSLHandshakeException|PKIX path|trustAnchors/;

/** What a Java says that has no compiler: since 11 (a missing module), and before (no source files at all). */
const NO_COMPILER = /jdk\.compiler|Could not find or load main class|ClassNotFoundException/;

/** @param folder a private one, where the source file is put @returns undefined when there is no Java */
export async function tryJava(
  machine: Machine,
  probe: ProbeServer,
  folder: string,
  signal: AbortSignal,
): Promise<ClientTrial | undefined> {
  const java = findJava(machine);
  if (java === undefined) return undefined;
  const name = 'Java';
  const source = join(folder, 'Probe.java');
  writeFileSync(source, CLIENT, { mode: 0o600 });
  const { out, wasCut } = await machine.run([java, source, probe.url('/java')], {
    limitMs: LIMIT_MS,
    signal,
  });
  if (probe.wasOpened('/java') && /^opened$/m.test(out)) return { name, outcome: 'trusts' };
  // Any other failure says nothing about trust.
  if (REFUSAL.test(out)) return { name, outcome: 'refuses' };
  if (wasCut) return { name, outcome: 'failed', reason: `opened nothing within ${LIMIT_MS / 1000} s` };
  if (!out.includes('client runs') && NO_COMPILER.test(out)) {
    const reason = 'it has no compiler (a JDK since 11 has): only its store was looked at';
    return { name, outcome: 'untried', reason };
  }
  const [complaint = ''] = out.trim().split('\n').slice(-1);
  return { name, outcome: 'failed', reason: `could not run a client: ${complaint}` };
}

/** The java beside the keytool: that one reads the keystore which the keytool writes. */
function findJava(machine: Machine): string | undefined {
  const keytool = findKeytool(machine);
  if (keytool === undefined) return undefined;
  return [realpathSync(keytool), keytool].map((path) => join(dirname(path), 'java')).find(existsSync);
}
