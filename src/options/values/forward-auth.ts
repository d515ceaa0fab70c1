/** Reads `--forward-auth` and its companions: who is asked, for what, and what the app learns of the answer. */
import { EVERYTHING, type ForwardAuthRule } from '../../shared/config/access.js';
import type { UpstreamTls } from '../../shared/config/apps.js';
import type { ListenerConfig } from '../../shared/config/listeners.js';
import { invalid, readList, readNumber, refuseWithout } from '../read-setting.js';
import type { Settings } from '../settings.js';
import { cutScope } from './access-scope.js';
import { readUpstreamAddress } from './upstream-addresses.js';

const HINT = 'write http://127.0.0.1:9091/api/authz/forward-auth, or app.test=http://…';
const URL_FORM = /^(https?|h2c):\/\/([^/?#]+)([/?][!-~]*)?$/i;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Fields that frame the app's request or belong to the front. */
const OURS: ReadonlySet<string> = new Set(
  (
    'host connection content-length transfer-encoding te trailer upgrade keep-alive expect via forwarded ' +
    'x-request-id cdn-loop x-forwarded-for x-forwarded-proto x-forwarded-host x-forwarded-port'
  ).split(' '),
);

/** Fields that frame the client's response or tell of its body. */
const OF_RESPONSE: ReadonlySet<string> = new Set(
  (
    'connection content-length transfer-encoding trailer upgrade keep-alive date location ' +
    'content-type content-encoding content-range content-language etag last-modified proxy-connection'
  ).split(' '),
);

/** @param tls whom https servers must be. @throws FrontError config_invalid, config_usage */
export function readForwardAuth(
  settings: Settings,
  listeners: readonly ListenerConfig[],
  tls: UpstreamTls,
): readonly ForwardAuthRule[] {
  const { label, values } = settings.get('forwardAuth');
  if (values.length === 0)
    refuseWithout(
      settings,
      ['forwardAuthHeaders', 'forwardAuthReplyHeaders', 'forwardAuthTimeout'],
      '--forward-auth',
    );
  const names = readNames(settings, 'forwardAuthHeaders', OURS, 'Remote-User,Remote-Groups,Remote-Email');
  const replyNames = readNames(
    settings,
    'forwardAuthReplyHeaders',
    OF_RESPONSE,
    'Set-Cookie,X-Session-Expires',
  );
  const timeoutMs = readNumber(settings, 'forwardAuthTimeout');
  return values.map((text) => {
    const [scope, url] = URL_FORM.test(text) ? [EVERYTHING, text] : cutScope(label, text, listeners);
    const [, scheme = '', authority = '', rest = '/'] = URL_FORM.exec(url) ?? [];
    if (scheme === '' || rest.includes('#'))
      throw invalid(label, text, `'${url}' is no http:// or https:// URL`, HINT);
    const address = readUpstreamAddress(label, `${scheme.toLowerCase()}://${authority}`);
    return {
      scope,
      path: rest.startsWith('/') ? rest : `/${rest}`,
      names,
      replyNames,
      timeoutMs,
      app: {
        name: `forward-auth ${authority}`,
        site: null,
        route: { host: '', prefix: '' },
        upstreams: [{ ...address, lookUp: null, weight: 1, proxyProtocol: null }],
        worker: null,
        ...{
          files: null,
          stripPrefix: false,
          sticky: false,
          sendfile: [],
          bufferRequests: false,
          holdMs: 0,
          upstreamTls: tls,
        },
        health: { path: null, intervalMs: 0, statuses: [], failCount: 0, failWindowMs: 0 },
      },
    };
  });
}

/** @param refused names of fields that stay what they are @param sample of what is meant, for the hint */
function readNames(
  settings: Settings,
  key: 'forwardAuthHeaders' | 'forwardAuthReplyHeaders',
  refused: ReadonlySet<string>,
  sample: string,
): readonly string[] {
  const { label } = settings.get(key);
  return readList(settings, key).map((text) => {
    const name = text.toLowerCase();
    const hint = `write ${sample}`;
    if (!TOKEN.test(text)) throw invalid(label, text, 'not the name of a header field', hint);
    if (refused.has(name)) throw invalid(label, text, REFUSED[key], hint);
    return name;
  });
}

const REFUSED = {
  forwardAuthHeaders: 'this field is written by the front itself',
  forwardAuthReplyHeaders: "this field tells of the app's own response",
} as const;
