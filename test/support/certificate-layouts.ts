/** Folders of certificates as programs leave them, each written anew at every renewal as that program does it. */
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { issueLeaf } from '../../src/certificates/development/x509-issuer.js';
import { daysFromNow, testCertificates } from './certificates.js';
import type { Workspace } from './workspace.js';

/** What a renewal brings. */
export interface Issued {
  readonly leaf: string;
  readonly chain: string;
  readonly key: string;
}

/** One program's folder. */
export interface Layout {
  readonly program: string;
  /** What is given to --cert-dir, beneath the workspace. */
  readonly root: string;
  /** @param round 0 is the first certificate; of it everything has expired that the program keeps */
  renew(folder: Workspace, issued: Issued, round: number): void;
}

/** A certificate of the name; the first of a folder (`round` 0 before others) is `expired` when that is asked for. */
export async function issueRound(name: string, round: number, expired = false): Promise<Issued> {
  const { intermediate } = await testCertificates();
  const life = expired ? { now: daysFromNow(-100), validDays: 90 } : { now: daysFromNow(-10 + round) };
  const { certPem, keyPem } = await issueLeaf(intermediate, [name, `*.${name}`], life);
  return { leaf: certPem, chain: intermediate.certPem, key: keyPem };
}

/** Puts a link in the place of what is there, at one stroke. */
function link(folder: Workspace, path: string, target: string): void {
  mkdirSync(dirname(folder.at(path)), { recursive: true });
  symlinkSync(target, folder.at(`${path}.next`));
  renameSync(folder.at(`${path}.next`), folder.at(path));
}

function certbot(folder: Workspace, name: string, { leaf, chain, key }: Issued, round: number): void {
  const parts = { cert: leaf, chain, fullchain: leaf + chain, privkey: key };
  for (const [part, text] of Object.entries(parts)) {
    folder.write(`archive/${name}/${part}${round + 1}.pem`, text);
    link(folder, `live/${name}/${part}.pem`, `../../archive/${name}/${part}${round + 1}.pem`);
  }
  folder.write(`keys/000${round}_key-certbot.pem`, key);
  folder.write(`csr/000${round}_csr-certbot.pem`, REQUEST);
  folder.write('live/README', 'text\n');
}

const REQUEST = '-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n';
const stamp = (round: number): number => 1_795_000_000 + round * 4_000_000;

/** Every layout; names of theirs are `PROGRAM.layout.test`. */
export const LAYOUTS: readonly Layout[] = [
  {
    program: 'certbot-live',
    root: 'live',
    renew: (folder, issued, round) => certbot(folder, 'certbot-live.layout.test', issued, round),
  },
  {
    program: 'certbot-archive',
    root: 'archive',
    renew: (folder, issued, round) => certbot(folder, 'certbot-archive.layout.test', issued, round),
  },
  {
    program: 'certbot-whole',
    root: '.',
    renew: (folder, issued, round) => certbot(folder, 'certbot-whole.layout.test', issued, round),
  },
  {
    program: 'acme-sh',
    root: '.',
    renew: (folder, { leaf, chain, key }) => {
      const name = 'acme-sh.layout.test';
      folder.write(`${name}_ecc/${name}.cer`, leaf);
      folder.write(`${name}_ecc/ca.cer`, chain);
      folder.write(`${name}_ecc/fullchain.cer`, leaf + chain);
      folder.write(`${name}_ecc/${name}.key`, key);
      folder.write(`${name}_ecc/${name}.csr`, REQUEST);
      folder.write('ca/acme-v02.api.letsencrypt.org/directory/account.key', ACCOUNT_KEY);
      folder.write('new.layout.test/new.layout.test.key', ACCOUNT_KEY);
    },
  },
  {
    program: 'dehydrated',
    root: '.',
    renew: (folder, { leaf, chain, key }, round) => {
      const name = 'dehydrated.layout.test';
      const parts = { privkey: key, cert: leaf, chain, fullchain: leaf + chain };
      for (const [part, text] of Object.entries(parts)) {
        folder.write(`certs/${name}/${part}-${stamp(round)}.pem`, text);
        link(folder, `certs/${name}/${part}.pem`, `${part}-${stamp(round)}.pem`);
      }
      // An order that failed.
      folder.write(`certs/${name}/privkey-${stamp(round) + 1}.pem`, ACCOUNT_KEY);
      folder.write(`certs/${name}/cert-${stamp(round) + 1}.pem`, '');
      folder.write('accounts/aHR0cHM6/account_key.pem', ACCOUNT_KEY);
    },
  },
  {
    program: 'lego',
    root: '.',
    renew: (folder, { leaf, chain, key }) => {
      const name = 'lego.layout.test';
      folder.write(`certificates/${name}.key`, key);
      folder.write(`certificates/${name}.crt`, leaf + chain);
      folder.write(`certificates/${name}.issuer.crt`, chain);
      folder.write(`certificates/${name}.json`, '{}');
      folder.write('accounts/acme/you@example.com/account.json', '{}');
    },
  },
  {
    program: 'caddy',
    root: '.',
    renew: (folder, { leaf, chain, key }) => {
      const name = 'caddy.layout.test';
      const place = `certificates/acme-v02.api.letsencrypt.org-directory/${name}/${name}`;
      folder.write(`${place}.key`, key);
      folder.write(`${place}.crt`, leaf + chain);
      folder.write(`${place}.json`, '{}');
      folder.write('pki/authorities/local/root.crt', LOCAL.certPem);
      folder.write('pki/authorities/local/root.key', LOCAL.keyPem);
    },
  },
  {
    program: 'kubernetes',
    root: 'mount',
    renew: (folder, { leaf, chain, key }, round) => {
      const hidden = `mount/..2026_${round}`;
      folder.write(`${hidden}/tls.crt`, leaf + chain);
      folder.write(`${hidden}/tls.key`, key);
      link(folder, 'mount/..data', basename(hidden));
      if (round === 0)
        for (const file of ['tls.crt', 'tls.key']) link(folder, `mount/${file}`, `..data/${file}`);
      else rmSync(folder.at(`mount/..2026_${round - 1}`), { recursive: true });
    },
  },
  {
    program: 'kubernetes-parts',
    root: 'mount',
    renew: (folder, { leaf, chain, key }, round) => {
      const hidden = `mount/..2026_${round}`;
      folder.write(`${hidden}/site/tls.crt`, leaf + chain);
      folder.write(`${hidden}/site/tls.key`, key);
      link(folder, 'mount/..data', basename(hidden));
      // A part with a folder of its own is a link to that folder.
      if (round === 0) link(folder, 'mount/site', '..data/site');
      else rmSync(folder.at(`mount/..2026_${round - 1}`), { recursive: true });
    },
  },
  {
    program: 'nginx-proxy',
    root: 'certs',
    renew: (folder, { leaf, chain, key }) => {
      const name = 'nginx-proxy.layout.test';
      folder.write(`certs/${name}/key.pem`, key);
      folder.write(`certs/${name}/cert.pem`, leaf);
      folder.write(`certs/${name}/chain.pem`, chain);
      folder.write(`certs/${name}/fullchain.pem`, leaf + chain);
      link(folder, `certs/${name}.crt`, `./${name}/fullchain.pem`);
      link(folder, `certs/${name}.key`, `./${name}/key.pem`);
      folder.write('certs/dhparam.pem', DH_PARAMETERS);
      folder.write('certs/accounts/account.key', ACCOUNT_KEY);
    },
  },
  {
    program: 'haproxy',
    root: 'crt',
    renew: (folder, { leaf, chain, key }) => {
      folder.write('crt/site.pem', leaf + chain + key);
      folder.write('crt/site.pem.ocsp', 'x');
    },
  },
];

const ACCOUNT_KEY = (await testCertificates()).strangerClient.keyPem;
const LOCAL = (await testCertificates()).root;
const DH_PARAMETERS = '-----BEGIN DH PARAMETERS-----\nMAYCAQcCAQU=\n-----END DH PARAMETERS-----\n';
