/** All request cases, one table after the other; every id is its own. */
import type { RequestCase } from '../request-case.js';
import { chunkCases } from './chunks.js';
import { fieldCases } from './fields.js';
import { forwardedCases } from './forwarded.js';
import { framingCases } from './framing.js';
import { hopByHopCases } from './hop-by-hop.js';
import { hostCases } from './host.js';
import { http2BodyCases } from './http2-bodies.js';
import { http2FieldCases } from './http2-fields.js';
import { http2StreamCases } from './http2-streams.js';
import { lineEndingCases } from './line-endings.js';
import { oversizeCases } from './oversize.js';
import { requestLineCases } from './request-line.js';
import { sequenceCases } from './sequence.js';
import { trailerCases } from './trailers.js';
import { transferEncodingCases } from './transfer-encoding.js';
import { upgradeCases } from './upgrade.js';

export const requestCases: readonly RequestCase[] = [
  ...framingCases,
  ...transferEncodingCases,
  ...chunkCases,
  ...lineEndingCases,
  ...fieldCases,
  ...hostCases,
  ...requestLineCases,
  ...sequenceCases,
  ...upgradeCases,
  ...hopByHopCases,
  ...forwardedCases,
  ...trailerCases,
  ...http2FieldCases,
  ...http2BodyCases,
  ...http2StreamCases,
  ...oversizeCases,
];
