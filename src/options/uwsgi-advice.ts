/** uWSGI's options that are not ours: what to write here instead, or why nothing is needed. */

type Advice = readonly [names: string, advice: string];

const WORKER = 'run that uWSGI as the app: tlsfront -- uwsgi --http-socket 127.0.0.1:{port} …';
const ITS_OWN = `it is about uWSGI's own workers; ${WORKER}`;
const NO_COUNTERPART = `nothing here is near to it; where the app needs it, ${WORKER}`;

/** Names separated by spaces, and what to do about them. The first entry that has the name counts. */
const ADVICE: readonly Advice[] = [
  [
    '--socket -s --uwsgi-socket --suwsgi-socket --fastcgi-socket --scgi-socket --raw-socket --ssl-socket --http-to',
    'leave it out with --wsgi-file; workers that run already are named with --upstream uwsgi://127.0.0.1:3031',
  ],
  [
    '--http-socket --http11-socket',
    'use --http for a plain listener, or --upstream for the port of a running app',
  ],
  ['--https-socket', 'use --https address,cert,key[,ciphers[,clientca]]'],
  ['--https2', 'use --https address,cert,key; HTTP/2 is always on. For client certificates: its fifth field'],
  ['--shared-socket', 'give the address itself to --https, --http or --http-to-https'],
  [
    '--module --wsgi -w',
    'use --wsgi-file with the path of the file, and --callable for the name after the colon',
  ],
  ['--mount --manage-script-name --wsgi-lite', WORKER],
  ['--file', 'use --wsgi-file'],
  [
    '--plugin --plugins --need-plugin --need-plugins --plugins-dir --plugin-dir',
    'leave it out: --wsgi-file finds the Python plugin itself',
  ],
  [
    '--threads --enable-threads -T --async --ugreen --thread-stacksize',
    'use --processes, or run a threaded server: tlsfront -- uwsgi --http-socket 127.0.0.1:{port} --threads 4 …',
  ],
  ['--workers', 'use --processes (-p)'],
  [
    '--cheaper --cheaper-initial --cheaper-step --cheaper-algo --cheap --idle',
    'use --processes with a fixed number',
  ],
  ['--http-workers', 'use --http-processes'],
  ['--chdir --chdir2 --force-cwd', 'change into the folder first: cd folder && tlsfront …'],
  [
    '--virtualenv --venv --home --pyhome -H',
    'put its bin folder first on PATH, or run its server: tlsfront -- venv/bin/python app.py',
  ],
  ['--pythonpath --python-path --pp', 'set PYTHONPATH in the environment'],
  ['--env --envdir', 'set it in the environment; the app inherits it'],
  ['--pyargv', ITS_OWN],
  [
    '--daemonize -d --daemonize2',
    'let systemd (or nohup … &) keep it in the background; --logto writes the log to a file',
  ],
  [
    '--pidfile --pidfile2 --safe-pidfile --safe-pidfile2',
    'leave it out: the service manager knows the process, and the log names its pid',
  ],
  ['--stop --reload --pause', 'send the signal: kill -TERM stops, and drains first'],
  ['--master-fifo --notify-socket', 'use signals'],
  [
    '--touch-reload --touch-workers-reload --touch-chain-reload --py-autoreload --fs-reload',
    "use the app's own reloader, for example tlsfront -- flask run --debug --port {port}",
  ],
  ['--http-websockets', 'leave it out: WebSockets always work'],
  ['--http-keepalive', 'leave it out: connections are kept; --timeout-keepalive sets for how long'],
  [
    '--http-auto-chunked --http-raw-body --http-chunked-input --http-manage-expect --http-events',
    'leave it out: this always works',
  ],
  ['--http-auto-gzip --static-gzip-all', 'use --compress'],
  ['--http-timeout --socket-timeout -z', 'use --timeout-upstream-head and --timeout-upstream-idle'],
  ['--http-connect-timeout', 'use --timeout-connect'],
  ['--http-headers-timeout', 'use --timeout-client-head'],
  ['--http-buffer-size --buffer-size -b', 'use --max-header-bytes'],
  ['--http-uid', 'use --uid'],
  ['--http-gid', 'use --gid'],
  [
    '--http-stud-prefix --http-enable-proxy-protocol --enable-proxy-protocol',
    'the PROXY protocol comes later; for X-Forwarded-For use --trusted-proxies',
  ],
  [
    '--http-stats --http-stats-server --http-ss --stats --stats-server --stats-http',
    'a statistics server comes later; kill -USR1 the master writes its statistics to the log as JSON',
  ],
  ['--http-modifier1 --http-modifier2 --http-var', 'leave it out: the app is spoken to in HTTP'],
  [
    '--http-subscription-server --subscribe-to --fastrouter --rawrouter --http-zerg --http-fallback',
    'give each app with --upstream',
  ],
  [
    '--http-server-name-as-http-host',
    'leave it out: the Host of the client is kept; --change-host sends the one of the app',
  ],
  ['--https-session-context', 'leave it out: TLS sessions resume across routers'],
  [
    '--https-export-cert',
    'leave it out: the app is told of a verified client certificate by Client-Cert, uWSGI workers by its variables',
  ],
  ['--sni-dir', 'use --cert-dir: name.crt, name.key and name.ca mean the same there'],
  [
    '--sni --sni-regexp --sni-dir-ciphers',
    'give --cert and --key for each certificate, or --cert-dir; --ciphers is for all of them',
  ],
  [
    '--ssl-enable3 --ssl-enable-sslv3 --ssl-enable-tlsv1 --ssl-option',
    'old TLS versions are not offered; --min-tls takes 1.2 or 1.3',
  ],
  [
    '--ssl-verbose --ssl-verify-depth --ssl-tmp-dir',
    'leave it out; tlsfront chain check says what is wrong with a certificate',
  ],
  [
    '--static-map --static-map2 --check-static --static-index --static-expires --offload-threads',
    'let the app serve its files',
  ],
  [
    '--harakiri -t --http-harakiri --harakiri-verbose',
    'use --timeout-upstream-head: the client gets 504 after it',
  ],
  ['--max-requests -R --max-worker-lifetime --reload-on-rss --reload-on-as --limit-as', ITS_OWN],
  ['--reload-mercy --worker-reload-mercy --http-gracetime', 'use --mercy'],
  [
    '--die-on-term --exit-on-reload --no-orphans --vacuum',
    'leave it out: SIGTERM drains and ends everything, and nothing is left behind',
  ],
  ['--need-app --strict', 'leave it out: an app that does not start is always an error'],
  ['--lazy --lazy-apps --single-interpreter -i --no-default-app', ITS_OWN],
  [
    '--post-buffering --post-buffering-bufsize',
    'leave it out: a body of unknown length is held for apps that need its length',
  ],
  ['--limit-post', 'use --max-body-bytes'],
  [
    '--so-keepalive --tcp-nodelay --so-send-timeout --reuse-port --tcp-fast-open --freebind',
    'leave it out: sockets are set up for this already',
  ],
  [
    '--abstract-socket -a --chmod-socket -C --chown-socket --umask',
    'leave it out: the app is reached over loopback TCP',
  ],
  [
    '--ini --xml -x --yaml --yml -y --json -j --inherit --include --emperor',
    'write the options into tlsfront.toml, one a line (`tlsfront config export` does it), or set TLSFRONT_* variables',
  ],
  ['--set -S --set-placeholder --set-ph', 'use variables of the shell'],
  [
    '--chroot --pivot-root --unshare --namespace --cap --jailed',
    'use --uid and --gid here, and systemd or a container for the rest',
  ],
  ['--immediate-uid', 'use --uid'],
  ['--immediate-gid --add-gid', 'use --gid; the other groups of the user are taken over'],
  ['--master-as-root', 'leave it out: with --uid only the master stays root, and it sees no traffic'],
  [
    '--disable-logging -L',
    'leave it out: requests are logged only with --access-log; --quiet drops the rest',
  ],
  [
    '--logformat --logger --req-logger --log-master --log-date --logdate --log-syslog --log-encoder',
    'use --log-format pretty, json or uwsgi, and --logto',
  ],
  [
    '--logto2 --log-reopen --log-maxsize --touch-logreopen --touch-logrotate --log-truncate',
    'use --logto, and logrotate with copytruncate',
  ],
  ['--log-x-forwarded-for', 'use --trusted-proxies'],
  [
    '--procname --procname-prefix --auto-procname --procname-master',
    'not available; the log names every process with its pid',
  ],
  [
    '--attach-daemon --smart-attach-daemon --cron --mule --mules --spooler -Q --timer',
    'start it as a service of its own',
  ],
  ['--add-header', "use --header-down '+Name value'"],
  ['--route --route-host --route-uri --error-route --response-route', 'let the app do it'],
  ['--http-cheap --http-quiet', 'leave it out'],
  [
    '--ignore-sigpipe --ignore-write-errors --disable-write-exception --close-on-exec --thunder-lock',
    'leave it out',
  ],
];

/** Whole families of options that belong to parts of uWSGI which have no counterpart. */
const FAMILIES: readonly Advice[] = [
  [
    '--fastrouter- --rawrouter- --http-use- --http-subscription- --emperor- --vassal --legion- --zerg --imperial- --subscri --cluster',
    'give each app with --upstream, and start several apps as services of their own',
  ],
  ['--spooler- --mule- --cron --cache --queue --signal --rpc --sharedarea --farm --alarm --metric', ITS_OWN],
  [
    '--route- --error-route- --response-route- --final-route --static- --websocket --collect-',
    'let the app do it',
  ],
  [
    '--if- --wait- --privileged- --unprivileged- --hook- --exec- --call- --mount- --umount- --wait-for- --after-request-',
    'do it in the script or the service that starts tlsfront',
  ],
  ['--python- --py- --wsgi- --gevent- --asyncio --rails --psgi --php --lua --ruby --rack --cgi', ITS_OWN],
  ['--log- --logger', 'use --log-format pretty, json or uwsgi, and --logto'],
  ['--stats- --snmp', 'statistics come later; --access-log writes a line for every request'],
  ['--cheaper- --memory- --evil- --brutal- --never- --touch- --fs- --cgroup --namespace- --setns', ITS_OWN],
];

/** The rest of uWSGI 2.0's options: nothing here is near to them. */
const OTHERS: ReadonlySet<string> = new Set(
  [
    '--add-cache-item --allowed-modifiers --attach-control-daemon --attach-daemon2 --auto-weight',
    '--autoload --backlog-alarm --backtrace-depth --binary-append-data --binary-path --binsh',
    '--blacklist --body-read-warning --build-plugin --catch-exceptions --cflags --check-cache',
    '--check-interval --check-mount --check-mountpoint --check-static-docroot --chmod',
    '--chunked-input-limit --chunked-input-timeout --clock --clock-list --clocks-list',
    '--close-on-exec2 --command-mode --config-py --connect-and-read --cpu-affinity',
    '--daemons-honour-stdin --declare-option --declare-option2 --del-header --die-on-idle',
    '--disable-sendfile --dlopen --dot-h --drop-after-apps --drop-after-init --dump-options',
    '--early-emperor --early-envdir --enable-metrics --end-blacklist --end-for --end-if',
    '--end-whitelist --endfor --endif --error-page-403 --error-page-404 --error-page-500 --eval',
    '--exception-handler --exit --extract --fallback-config --fastcgi-modifier1',
    '--fastcgi-modifier2 --fastcgi-nph-socket --fd-safe --file-serve-mode --file-write',
    '--fileserve-mode --flock --flock-wait --flock-wait2 --flock2 --for --for-glob',
    '--for-readline --for-times --force-gateway --forkbomb-delay --ftok --get --harakiri-no-arh',
    '--heartbeat --honour-range --honour-stdin --http-manage-rtsp --http-manage-source',
    '--http-resubscribe --http-socket-modifier1 --http-socket-modifier2 --httprouter',
    '--https-socket-modifier1 --https-socket-modifier2 --ifdir --ifenv --ifexists --ifplugin',
    '--ignore-script-name --import --ini-paste --ini-paste-logged --inject-after --inject-before',
    '--iprint --js --ksm --legion --limit-nproc --listen-queue-alarm --load-file-in-cache',
    '--load-file-in-cache-gzip --lock-engine --locks --logfile-chmod --logfile-chown',
    '--logformat-strftime --loop --loop-list --loops-list --lq-alarm --map-socket --max-apps',
    '--max-fd --max-vars --max-worker-lifetime-delta --mem-collector-freq --mime-file --mimefile',
    '--min-worker-lifetime --mode --mountpoint-check --multicast --multicast-loop',
    '--multicast-ttl --no-defer-accept --no-fd-passing --no-harakiri-after-req-hook',
    '--no-harakiri-arh --no-initgroups --no-server --no-site --no-threads-wait --not-alarm-log',
    '--not-log-alarm --ns --ns-net --offload-thread --optimize --paste --paste-logger --pcre-jit',
    '--pecan --persistent-ipcsem --pivot_root --plugin-list --plugins-list --post-pymodule-alias',
    '--print --print-sym --print-symbol --prio --procname-append --procname-prefix-spaced',
    '--profiler --propagate-touch --protocol --pull-header --pump --puwsgi-socket --py',
    '--pyimport --pymodule-alias --pyrun --pyshell --pyshell-oneshot --python --raw-modifier1',
    '--raw-modifier2 --rbtimer --re-fork --re-fork-as-root --re-fork-post-jail --reaper --refork',
    '--refork-as-root --refork-post-jail --reload-on-exception --reload-on-exception-repr',
    '--reload-on-exception-type --reload-on-exception-value --reload-on-fd --reload-os-env',
    '--rem-header --remap-modifier --resolve --response-header-collect --response-headers-limit',
    '--resume --router-list --routers-list --safe-fd --scgi-modifier1 --scgi-modifier2',
    '--scgi-nph-socket --segfault-alarm --shared-import --shared-py-import --shared-pyimport',
    '--shared-python-import --show-config --shutdown-sockets --skip-atexit',
    '--skip-atexit-teardown --skip-zero --smart-attach-daemon2 --so-write-timeout',
    '--socket-protocol --socket-rcvbuf --socket-send-timeout --socket-sndbuf',
    '--socket-write-timeout --st --start-unsubscribed --start_response-nodelay --suspend',
    '--tcp-fast-open-client --tcp-fastopen --tcp-fastopen-client --test --thread-stack-size',
    '--threaded-logger --threads-stack-size --threads-stacksize --udp --ugreen-stacksize',
    '--undeferred-shared-socket --unenv --unique-cron --unique-cron-legion --unique-legion-cron',
    '--unshare2 --unsubscribe-on-graceful-reload --upload-progress --use-abort --vhost',
    '--vhost-host --web3 --weight --whitelist --worker-exec --worker-exec2 --worker-mount',
    '--write-errors-exception-only --write-errors-tolerance --xmlconfig -A -J -O -c -m -r -v',
  ].flatMap((names) => names.split(' ')),
);

/** The advice for an option of uWSGI that we do not have; null when uWSGI does not have it either. */
export function adviseOnUwsgiOption(flag: string): string | null {
  const exact = ADVICE.find(([names]) => names.split(' ').includes(flag));
  return exact?.[1] ?? (OTHERS.has(flag) ? NO_COUNTERPART : null);
}

/** The advice for an option that only looks like one of a family of uWSGI's (its plugins have many); null for none. */
export function adviseOnUwsgiFamily(flag: string): string | null {
  const family = FAMILIES.find(([names]) => names.split(' ').some((prefix) => flag.startsWith(prefix)));
  return family?.[1] ?? null;
}

/** Every option of uWSGI with advice of its own. */
export function uwsgiOptionsWithAdvice(): readonly string[] {
  return ADVICE.flatMap(([names]) => names.split(' '));
}
