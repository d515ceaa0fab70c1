/** Which release of tlsfront these files are, as package.json says at the moment of the first question. */
import { readFileSync } from 'node:fs';
import { packageFile } from './package-files.js';

let known: string | null = null;

/** `0.1.0`; `unknown` where package.json cannot be read. Asked first while the process starts, it names what is running. */
export function ownRelease(): string {
  known ??= read();
  return known;
}

function read(): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'));
    const isNamed = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
    return isNamed ? String(manifest.version) : 'unknown';
  } catch {
    return 'unknown';
  }
}
