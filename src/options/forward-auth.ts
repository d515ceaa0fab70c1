/** Reads `--forward-auth` and its companions: who is asked, for what, and what the app learns of the answer. */
import { EVERYTHING, type ForwardAuthRule } from '../shared/access.js';
import type { ListenerConfig, UpstreamTls } from '../shared/config.js';
import { cutScope } from './access-scope.js';
import { invalid, readList, readNumber, refuseWithout } from './read-setting.js';
import type { Settings } from './settings.js';
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

/** @param tls whom https servers must be. @throws FrontError config_invalid, config_usage */
export function readForwardAuth(
  settings: Settings,
  listeners: readonly ListenerConfig[],
  tls: UpstreamTls,
): readonly ForwardAuthRule[] {
  const { label, values } = settings.get('forwardAuth');
  if (values.length === 0)
    refuseWithout(settings, ['forwardAuthHeaders', 'forwardAuthTimeout'], '--forward-auth');
  const names = readNames(settings);
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
      timeoutMs,
      app: {
        name: `forward-auth ${authority}`,
        site: null,
        route: { host: '', prefix: '' },
        upstreams: [{ ...address, lookUp: null, weight: 1, proxyProtocol: null }],
        worker: null,
        ...{ stripPrefix: false, sticky: false, bufferRequests: false, holdMs: 0, upstreamTls: tls },
        health: { path: null, intervalMs: 0, statuses: [], failCount: 0, failWindowMs: 0 },
      },
    };
  });
}

function readNames(settings: Settings): readonly string[] {
  const { label } = settings.get('forwardAuthHeaders');
  return readList(settings, 'forwardAuthHeaders').map((text) => {
    const name = text.toLowerCase();
    const hint = 'write Remote-User,Remote-Groups,Remote-Email';
    if (!TOKEN.test(text)) throw invalid(label, text, 'not the name of a header field', hint);
    if (OURS.has(name)) throw invalid(label, text, 'this field is written by the front itself', hint);
    return name;
  });
}
