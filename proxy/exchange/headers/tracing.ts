/** What tells the app of a request's trace (W3C Trace Context) and of the moment it came, where `--traceparent` or `--request-start` ask for it. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../../../src/shared/config/config.js';
import { fieldList, fieldValue } from '../../wire/syntax/field-list.js';
import type { ConnectionFacts } from '../types.js';
import { removeField } from './header-rules.js';

type TracingConfig = Pick<Config, 'traceparent' | 'requestStart'>;

const NONE: readonly string[] = [];
/** version "-" trace-id "-" parent-id "-" trace-flags (Trace Context §3.2). */
const TRACEPARENT_LENGTH = 55;
const TRACE_START = 3;
const TRACE_END = 35;
const PARENT_END = 52;
/** Traced in full, as the root sampler of OpenTelemetry's default would; an app's own sampler decides what becomes of it. */
const SAMPLED = '01';

/** The fields that the front adds for one request; mostly none. */
export function tracingFields(
  headers: readonly string[],
  facts: ConnectionFacts,
  config: TracingConfig,
  startedAtMs: number,
): readonly string[] {
  if (!config.traceparent && !config.requestStart) return NONE;
  const fields: string[] = [];
  if (config.traceparent && traceIdOf(headers) === '') fields.push('traceparent', newTraceparent());
  // The front before us knows better when the request came.
  if (config.requestStart && !(facts.trusted && fieldValue(headers, 'x-request-start') !== '')) {
    const cameAtMs = Date.now() - (performance.now() - startedAtMs);
    fields.push('x-request-start', `t=${Math.round(cameAtMs)}`);
  }
  return fields;
}

/** Takes out what tracingFields will write, or has found to be wrong. @param out flat list for the upstream */
export function removeReplaced(
  out: string[],
  headers: readonly string[],
  facts: ConnectionFacts,
  config: TracingConfig,
): void {
  if (config.traceparent && traceIdOf(headers) === '') {
    removeField(out, 'traceparent');
    // It says nothing without its traceparent (§3.3.1).
    removeField(out, 'tracestate');
  }
  if (config.requestStart && !facts.trusted) removeField(out, 'x-request-start');
}

/** The trace id of a valid `traceparent`; empty: there is none. */
export function traceIdOf(headers: readonly string[]): string {
  // Sent twice it is none; the list that they make is too long.
  const text = fieldList(headers, 'traceparent');
  return text !== '' && isTraceparent(text) ? text.slice(TRACE_START, TRACE_END) : '';
}

function isTraceparent(text: string): boolean {
  if (text.length < TRACEPARENT_LENGTH) return false;
  const version = text.slice(0, 2);
  // A version to come may have more behind it; 255 is no version (§3.2.2.1).
  if (version === 'ff') return false;
  if (text.length > TRACEPARENT_LENGTH && (version === '00' || text[TRACEPARENT_LENGTH] !== '-'))
    return false;
  let hasTrace = false;
  let hasParent = false;
  for (let index = 0; index < TRACEPARENT_LENGTH; index += 1) {
    const code = text.charCodeAt(index);
    if (index === 2 || index === TRACE_END || index === PARENT_END) {
      if (code !== 0x2d) return false;
      continue;
    }
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
    if (code === 0x30) continue;
    if (index > TRACE_END && index < PARENT_END) hasParent = true;
    else if (index >= TRACE_START && index < TRACE_END) hasTrace = true;
  }
  return hasTrace && hasParent;
}

function newTraceparent(): string {
  const id = randomBytes(24).toString('hex');
  return `00-${id.slice(0, 32)}-${id.slice(32)}-${SAMPLED}`;
}
