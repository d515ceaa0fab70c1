/** The text of a systemd unit that runs a command line of the front, shut in as far as Node and the front allow. */

/** What the unit runs, and as whom. */
export interface UnitPlan {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Name of the unit, which its folders beneath /var/lib and /run have too. */
  readonly name: string;
  /** null: a user that exists only while it runs. */
  readonly user: string | null;
  /** Where an app of its own is started; null: it has none. */
  readonly folder: string | null;
}

/** By this line `uninstall` knows what `install` has written. */
export const UNIT_MARK = '# Written by tlsfront service; change it with: systemctl edit';

/** Longer than --mercy, which is 60 s. */
const STOP_SECONDS = 75;
/** The master says that it lives twice in this time. */
const WATCHDOG_SECONDS = 60;
/** Connections of clients and to apps, by the limits that the front begins with, and some more. */
const OPEN_FILES = 65_536;

/** The whole file. */
export function renderUnit({ command, name, user, folder }: UnitPlan): string {
  const home = folder !== null && /^\/(?:home|root)(?:\/|$)/.test(folder);
  const identity = user === null ? ['DynamicUser=yes'] : [`User=${user}`];
  return `${UNIT_MARK} ${name}
[Unit]
Description=tlsfront, HTTPS front
Documentation=man:tlsfront(1)
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
# Node sends no datagrams: the front speaks by systemd-notify.
NotifyAccess=all
ExecStart=${command.map(quoteWord).join(' ')}
ExecReload=/bin/kill -HUP $MAINPID
KillMode=mixed
TimeoutStopSec=${STOP_SECONDS}
WatchdogSec=${WATCHDOG_SECONDS}
Restart=on-failure
LimitNOFILE=${OPEN_FILES}
${folder === null ? '' : `WorkingDirectory=${folder.replaceAll('%', '%%')}\n`}
# Who it is, and what it may write: certificates and accounts are in the state folder.
${identity.join('\n')}
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
StateDirectory=${name}
StateDirectoryMode=0700
RuntimeDirectory=${name}
RuntimeDirectoryMode=0700
Environment=XDG_DATA_HOME=/var/lib/${name} XDG_RUNTIME_DIR=/run/${name} HOME=/var/lib/${name}
UMask=0077

# What it has no need of. V8 writes code while it runs, so MemoryDenyWriteExecute= stays off; ports of apps are found in /proc.
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=${home ? 'read-only' : 'yes'}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** A word of ExecStart= (systemd.syntax(7), systemd.service(5)): `%` begins a specifier, `$` a variable. */
function quoteWord(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  if (/^[\w@%+=:,./$-]+$/.test(escaped)) return escaped;
  return `"${escaped.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
