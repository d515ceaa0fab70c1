/** Downloads missing issuers from where certificates say they are (RFC 5280 §4.2.2.1); only when somebody asks for it. */
import { FrontError } from '../../shared/errors.js';
import type { Source } from './input-file.js';
import { type Inspection, type InspectionInput, inspect } from './inspect.js';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 256 * 1024;
/** Real chains have one or two intermediates. */
const MAX_FETCHES = 5;

/** Gets a file by http or https. */
export type Download = (url: string) => Promise<Buffer>;

/**
 * Examines the input, and again with each missing issuer that could be downloaded.
 * @throws FrontError internal naming the address that could not be read
 */
export async function inspectFetching(
  input: InspectionInput,
  download: Download = downloadIssuer,
): Promise<Inspection> {
  const fetched: Source[] = [];
  let inspection = inspect(input);
  while (fetched.length < MAX_FETCHES) {
    const { chain } = inspection;
    if (chain?.anchor !== 'none') break;
    const [url] = chain.certificates.at(-1)?.issuerUrls ?? [];
    if (url === undefined || fetched.some(({ file }) => file === url)) break;
    fetched.push({ file: url, bytes: await download(url), mode: 0o600 });
    inspection = inspect({ ...input, bundle: [...(input.bundle ?? []), ...fetched] });
  }
  return inspection;
}

async function downloadIssuer(url: string): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok || response.body === null) throw new Error(`the answer is ${response.status}`);
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.length;
      if (length > MAX_BYTES) throw new Error('the answer is no certificate: it is too large');
      chunks.push(Buffer.from(chunk));
    }
    return Buffer.concat(chunks);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FrontError('internal', `${url} cannot be read: ${reason}`, {
      hint: 'download it by other means and give it with --ca-bundle',
      cause,
    });
  }
}
