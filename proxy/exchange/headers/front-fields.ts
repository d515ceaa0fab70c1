/** The request fields by which fronts tell apps who the client is and where it came from: nobody else may set them. */

/** Whole names; those that begin with one of PREFIXES are not repeated here. */
const NAMES =
  // Where the request came from, as RFC 7239 and its forerunners say it, and as single CDNs and load balancers do.
  (
    'forwarded forwarded-for forwarded-proto forwarded-host x-forwarded x-real-ip x-real-port x-client-ip x-cluster-client-ip ' +
    'x-remote-ip x-remote-addr x-proxyuser-ip true-client-ip cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 ' +
    'fastly-client-ip fly-client-ip do-connecting-ip x-azure-clientip x-azure-socketip x-appengine-user-ip x-envoy-external-address ' +
    'proxy-client-ip wl-proxy-client-ip wl-proxy-client-cert wl-proxy-ssl ' +
    // Which scheme and which path the client had asked for.
    'front-end-https x-url-scheme x-scheme x-rewrite-url x-arr-ssl x-arr-clientcert ' +
    // Who the user is.
    'remote-user remote-groups remote-name remote-email x-remote-user x-remote-groups x-remote-name x-remote-email ' +
    'x-remote-group x-webauth-user x-webauth-email x-webauth-name x-webauth-groups x-authenticated-user x-authenticated-userid ' +
    // What a front allows its app to send as a file (Rack, CVE-2025-61780), and what Next.js keeps for itself (CVE-2025-29927).
    'x-sendfile-type x-accel-mapping x-middleware-subrequest'
  ).split(' ');

/** Beginnings of names, by their first letter. */
const PREFIXES: ReadonlyMap<number, readonly string[]> = byFirstLetter(
  (
    'x-forwarded- x-original- x-auth-request- x-authentik- x-ssl- x-client-cert x-client-verify x-client-dn ' +
    'x-tls-client- x-amzn-mtls- x-amzn-oidc- x-goog-authenticated-user- x-goog-iap- x-ms-client-principal ' +
    'ssl-client- ssl-cert tailscale-user- cf-access-'
  ).split(' '),
);

const EXACT: ReadonlySet<string> = new Set(NAMES);

function byFirstLetter(prefixes: readonly string[]): Map<number, string[]> {
  const groups = new Map<number, string[]>();
  for (const prefix of prefixes) {
    const first = prefix.charCodeAt(0);
    groups.set(first, [...(groups.get(first) ?? []), prefix]);
  }
  return groups;
}

/** Whether only a front may set this field. @param name lower-case, words joined by hyphens */
export function isFrontField(name: string): boolean {
  if (EXACT.has(name)) return true;
  const prefixes = PREFIXES.get(name.charCodeAt(0));
  return prefixes?.some((prefix) => name.startsWith(prefix)) ?? false;
}
