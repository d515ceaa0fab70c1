/** The one line that makes a machine's browsers and tools trust the development authority. */
import { shellWord } from './findings.js';

/**
 * A command for the user's shell. On Linux it serves curl and most tools by the system store (Debian's way) and
 * Chromium by its own database.
 */
export function trustHint(authorityFile: string, platform: NodeJS.Platform = process.platform): string {
  const file = shellWord(authorityFile);
  if (platform === 'darwin') {
    return `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db ${file}`;
  }
  if (platform === 'win32') return `certutil -user -addstore Root "${authorityFile}"`;
  return (
    `sudo cp ${file} /usr/local/share/ca-certificates/tlsfront.crt && sudo update-ca-certificates && ` +
    `certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n tlsfront -i ${file}`
  );
}
