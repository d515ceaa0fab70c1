/** Command lines of uWSGI as people write them, reworded, and what each comes to; `refused:` with the beginning of the error. */

export const LINES: readonly (readonly [line: string, expected: string])[] = [
  ['--http :9090 --wsgi-file foobar.py', 'not a line of uWSGI: --http :9090 --wsgi-file foobar.py'],
  [
    '--http :9090 --wsgi-file foobar.py --master --processes 4 --threads 2',
    'http *:9090; file foobar.py (application); worker: processes=4 threads=2',
  ],
  [
    '--http :9090 --wsgi-file foobar.py --master --processes 4 --threads 2 --stats 127.0.0.1:9191',
    'http *:9090; file foobar.py (application); worker: processes=4 threads=2; and stats',
  ],
  [
    '--socket 127.0.0.1:3031 --wsgi-file foobar.py --master --processes 4 --threads 2 --stats 127.0.0.1:9191',
    'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; file foobar.py (application); worker: processes=4 threads=2; and stats',
  ],
  [
    '--http-socket 127.0.0.1:3031 --wsgi-file foobar.py --master --processes 4 --threads 2 --stats 127.0.0.1:9191',
    'http 127.0.0.1:3031; file foobar.py (application); worker: processes=4 threads=2; and stats',
  ],
  [
    '--socket 127.0.0.1:3031 --chdir /home/shop/myproject/ --wsgi-file myproject/wsgi.py --master --processes 4 --threads 2 --stats 127.0.0.1:9191',
    'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; file myproject/wsgi.py (application); worker: chdir=/home/shop/myproject/ processes=4 threads=2; and stats',
  ],
  ['--http :8000 --module mysite.wsgi', 'http *:8000; worker: module=mysite.wsgi'],
  ['--http :8000 --wsgi-file test.py', 'not a line of uWSGI: --http :8000 --wsgi-file test.py'],
  [
    '--socket mysite.sock --wsgi-file test.py',
    'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; file test.py (application)',
  ],
  [
    '--socket mysite.sock --module mysite.wsgi --chmod-socket=664',
    'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; worker: module=mysite.wsgi',
  ],
  [
    '--socket mysite.sock --wsgi-file test.py --chmod-socket=666',
    'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; file test.py (application)',
  ],
  ['--ini mysite_uwsgi.ini', 'refused: --ini mysite_uwsgi.ini: no such file'],
  [
    '--http 0.0.0.0:8000 --home venv --wsgi-file test.py',
    'http 0.0.0.0:8000; file test.py (application); worker: home=venv',
  ],
  [
    '--http :8000 --home /srv/venv --chdir /srv/site -w site.wsgi',
    'http *:8000; worker: home=/srv/venv chdir=/srv/site module=site.wsgi',
  ],
  ['--socket 0.0.0.0:5000 --protocol=http -w wsgi:app', 'http 0.0.0.0:5000; worker: module=wsgi:app'],
  ['--socket 0.0.0.0:5000 --protocol=http -w wsgi', 'http 0.0.0.0:5000; worker: module=wsgi'],
  ['--http 127.0.0.1:5000 --module myproject:app', 'http 127.0.0.1:5000; worker: module=myproject:app'],
  [
    '--socket 127.0.0.1:3031 --wsgi-file myflaskapp.py --callable app --processes 4 --threads 2 --stats 127.0.0.1:9191',
    'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; file myflaskapp.py (app); worker: processes=4 threads=2; and stats',
  ],
  [
    '--http :5000 --wsgi-file run.py --callable app --master --processes 2',
    'http *:5000; file run.py (app); worker: processes=2',
  ],
  [
    '-s /tmp/yourapplication.sock --manage-script-name --mount /yourapplication=myapp:app',
    'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; worker: manage-script-name mount=/yourapplication=myapp:app',
  ],
  [
    '-s 127.0.0.1:3031 -w myapp:app -p 4 -M',
    'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; worker: module=myapp:app processes=4',
  ],
  [
    '--master -p 4 -w myapp:app --http 127.0.0.1:8000',
    'http 127.0.0.1:8000; worker: processes=4 module=myapp:app',
  ],
  ['--http :8080 -w hello', 'http *:8080; worker: module=hello'],
  ['--http :8080 -w hello:create_app()', 'http *:8080; worker: module=hello:create_app()'],
  [
    '--http :8000 --module app --callable app --processes 1 --threads 4',
    'http *:8000; worker: module=app processes=1 threads=4',
  ],
  ['--http-socket :8080 --plugin python3 --wsgi-file app.py', 'http *:8080; file app.py (application)'],
  [
    '--http-socket :8080 --plugins python3 --module wsgi:application --virtualenv /srv/env',
    'http *:8080; worker: module=wsgi:application virtualenv=/srv/env',
  ],
  ['--plugin python,http --http :8080 --wsgi-file foo.py', 'http *:8080; file foo.py (application)'],
  ['--plugins http,python --http :9090 --wsgi-file foobar.py', 'http *:9090; file foobar.py (application)'],
  [
    '--http-socket 0.0.0.0:80 --master --chdir /app --module app.wsgi:application --processes 4 --die-on-term --vacuum --need-app',
    'http 0.0.0.0:80; worker: chdir=/app module=app.wsgi:application processes=4',
  ],
  [
    '--http :80 --wsgi-file /app/index.py --die-on-term --enable-threads --lazy-apps --single-interpreter',
    'http *:80; file /app/index.py (application); worker: enable-threads lazy-apps single-interpreter',
  ],
  [
    '--http 0.0.0.0:8080 --wsgi-file app.py --callable app --http-websockets --gevent 100',
    'http 0.0.0.0:8080; file app.py (app); worker: gevent=100',
  ],
  [
    '--http :8000 --gevent 100 --module websocket --gevent-monkey-patch --master',
    'http *:8000; worker: gevent=100 module=websocket gevent-monkey-patch',
  ],
  [
    '--http :8000 --http-websockets --wsgi-file websockets.py --async 100 --ugreen',
    'http *:8000; file websockets.py (application); worker: async=100 ugreen',
  ],
  [
    '--http :5000 --gevent 1000 --http-websockets --master --wsgi-file app.py --callable app',
    'http *:5000; file app.py (app); worker: gevent=1000',
  ],
  [
    '--http-socket :9090 --gevent 100 --gevent-monkey-patch --wsgi-file myapp.py',
    'http *:9090; file myapp.py (application); worker: gevent=100 gevent-monkey-patch',
  ],
  [
    '--plugin asyncio,greenlet --http-socket :9090 --asyncio 50 --greenlet --wsgi-file tests/hello.py',
    'http *:9090; file tests/hello.py (application); worker: plugin=asyncio,greenlet asyncio=50 greenlet',
  ],
  [
    '--https 0.0.0.0:443,foobar.crt,foobar.key --wsgi-file index.py',
    'not a line of uWSGI: --https 0.0.0.0:443,foobar.crt,foobar.key --wsgi-file index.py',
  ],
  [
    '--master --https 0.0.0.0:443,foobar.crt,foobar.key,HIGH --wsgi-file index.py',
    'https 0.0.0.0:443; file index.py (application)',
  ],
  [
    '--master --shared-socket 0.0.0.0:443 --uid www --gid web --https =0,foobar.crt,foobar.key --wsgi-file index.py',
    'https 0.0.0.0:443; file index.py (application); as www',
  ],
  [
    '--shared-socket 0.0.0.0:80 --shared-socket 0.0.0.0:443 --http =0 --https =1,foobar.crt,foobar.key --processes 8 --wsgi-file index.py --master',
    'https 0.0.0.0:443, http 0.0.0.0:80; file index.py (application); worker: processes=8',
  ],
  [
    '--http-to-https 0.0.0.0:80 --https 0.0.0.0:443,foobar.crt,foobar.key,HIGH --module shop:app --master',
    'https 0.0.0.0:443, redirect 0.0.0.0:80; worker: module=shop:app',
  ],
  [
    '--https2 addr=0.0.0.0:443,cert=foobar.crt,key=foobar.key,spdy=1 --master --module shop:app',
    'https 0.0.0.0:443; worker: module=shop:app',
  ],
  [
    '--https 0.0.0.0:443,foobar.crt,foobar.key,HIGH,!clients.pem --master --wsgi-file index.py',
    'https 0.0.0.0:443; file index.py (application)',
  ],
  [
    '--https-socket 0.0.0.0:8443,foobar.crt,foobar.key --module shop:app',
    'https 0.0.0.0:8443; worker: module=shop:app',
  ],
  [
    '--sni-dir /etc --https 0.0.0.0:443,foobar.crt,foobar.key --module shop:app --master',
    'refused: --cert-dir /etc: is a file, not a folder',
  ],
  [
    '--http :8080 --https :8443,foobar.crt,foobar.key --wsgi-file wsgi.py --http-keepalive --http-auto-chunked',
    'https *:8443, http *:8080; file wsgi.py (application)',
  ],
  [
    '--http 0.0.0.0:8000 --module app:app --harakiri 30 --max-requests 5000',
    'http 0.0.0.0:8000; worker: module=app:app harakiri=30 max-requests=5000',
  ],
  [
    '--http 0.0.0.0:8000 --module app:app --max-requests 1000 --max-worker-lifetime 3600 --reload-on-rss 2048 --worker-reload-mercy 60',
    'http 0.0.0.0:8000; worker: module=app:app max-requests=1000 max-worker-lifetime=3600 reload-on-rss=2048; and mercy',
  ],
  [
    '--http :8000 --module app:app --cheaper 2 --cheaper-initial 5 --cheaper-step 1 --workers 10 --cheaper-algo spare',
    'http *:8000; worker: module=app:app cheaper=2 cheaper-initial=5 cheaper-step=1 workers=10 cheaper-algo=spare',
  ],
  [
    '--http :8000 --module app:app --workers 4 --cheaper 1 --idle 60',
    'http *:8000; worker: module=app:app workers=4 cheaper=1 idle=60',
  ],
  ['--http :8000 --module app:app --processes=4', 'http *:8000; worker: module=app:app processes=4'],
  [
    '--http :8000 --module app:app --touch-reload /srv/shop/reload',
    'http *:8000; worker: module=app:app touch-reload=/srv/shop/reload',
  ],
  ['--http :8000 --module app:app --py-autoreload 1', 'http *:8000; worker: module=app:app py-autoreload=1'],
  [
    '--http :8000 --module app:app --py-auto-reload=2 --honour-stdin',
    'http *:8000; worker: module=app:app py-auto-reload=2',
  ],
  [
    '--http :8000 --module app:app --env DJANGO_SETTINGS_MODULE=mysite.settings',
    'http *:8000; worker: module=app:app env=DJANGO_SETTINGS_MODULE=mysite.settings',
  ],
  [
    '--http :8000 --chdir /srv/site --pythonpath .. --env DJANGO_SETTINGS_MODULE=site.settings -w site.wsgi:application',
    'http *:8000; worker: chdir=/srv/site pythonpath=.. env=DJANGO_SETTINGS_MODULE=site.settings module=site.wsgi:application',
  ],
  [
    '--http :8000 --module app:app --pyargv "--config prod.cfg"',
    'http *:8000; worker: module=app:app pyargv=--config prod.cfg',
  ],
  [
    '--http :8000 --module app:app --static-map /static=/srv/static',
    'http *:8000; worker: module=app:app static-map=/static=/srv/static; without uWSGI files: /static=/srv/static',
  ],
  [
    '--http :8000 --module app:app --check-static /srv/public --static-index index.html',
    'http *:8000; worker: module=app:app check-static=/srv/public static-index=index.html; without uWSGI files: =/srv/public',
  ],
  [
    '--http :8000 --module app:app --static-map /media=/srv/media --static-map /static=/srv/static --offload-threads 4',
    'http *:8000; worker: module=app:app static-map=/media=/srv/media static-map=/static=/srv/static offload-threads=4; without uWSGI files: /media=/srv/media /static=/srv/static',
  ],
  [
    '--http :8000 --upstream 3000 --static-gzip-all --offload-threads 4 --honour-range',
    'http *:8000; app: localhost:3000',
  ],
  [
    '--http-socket :8000 --check-static /srv/public',
    'http *:8000; worker: check-static=/srv/public; without uWSGI files: =/srv/public',
  ],
  [
    '--http :8000 --module app:app --buffer-size 32768',
    'http *:8000; worker: module=app:app buffer-size=32768',
  ],
  [
    '--http :8000 --module app:app -b 32768 --post-buffering 8192',
    'http *:8000; worker: module=app:app buffer-size=32768 post-buffering=8192',
  ],
  [
    '--http :8000 --module app:app --limit-post 104857600 --http-timeout 300 --socket-timeout 300',
    'http *:8000; worker: module=app:app; and maxBodyBytes upstreamHeadTimeoutMs upstreamIdleTimeoutMs',
  ],
  ['--http :8000 --module app:app --listen 1024', 'http *:8000; worker: module=app:app listen=1024'],
  [
    '--http :8000 --wsgi-file index.py -l 100',
    'http *:8000; file index.py (application); worker: listen=100',
  ],
  ['--http :8000 --module app:app --disable-logging', 'http *:8000; worker: module=app:app'],
  [
    '--http :8000 --module app:app -L --log-4xx --log-5xx',
    'http *:8000; worker: module=app:app log-4xx log-5xx',
  ],
  [
    '--http :8000 --module app:app --logto /var/log/uwsgi.log',
    'http *:8000; worker: module=app:app; and logto',
  ],
  [
    '--http :8000 --module app:app --daemonize /var/log/uwsgi.log --pidfile /run/shop.pid',
    'http *:8000; worker: module=app:app; and daemonize pidfile',
  ],
  [
    '-d /var/log/uwsgi.log -s :3031 -w app:app -M -p 4',
    'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; worker: module=app:app processes=4; and daemonize',
  ],
  [
    '--http :8000 --module app:app --log-format "%(addr) - %(user) [%(ltime)] \\"%(method) %(uri)\\" %(status)"',
    'http *:8000; worker: module=app:app log-format=%(addr) - %(user) [%(ltime)] "%(method) %(uri)" %(status)',
  ],
  [
    '--http :8000 --module app:app --log-master --logger file:/tmp/uwsgi.log --req-logger file:/tmp/req.log',
    'http *:8000; worker: module=app:app log-master logger=file:/tmp/uwsgi.log req-logger=file:/tmp/req.log',
  ],
  [
    '--http :8000 --module app:app --log-date --log-x-forwarded-for',
    'http *:8000; worker: module=app:app log-date log-x-forwarded-for',
  ],
  ['--http :8000 --module app:app --uid www --gid web', 'http *:8000; worker: module=app:app; as www'],
  [
    '--http :8000 --module app:app --immediate-uid www --immediate-gid web --master-as-root',
    'http *:8000; worker: module=app:app; as www',
  ],
  [
    '--http :8000 --mount /=shop:app --mount /admin=admin:app --manage-script-name',
    'http *:8000; worker: mount=/=shop:app mount=/admin=admin:app manage-script-name',
  ],
  [
    '--http :8000 --mount /app1=app1.py --mount /app2=app2.py --manage-script-name --callable app',
    'http *:8000; worker: mount=/app1=app1.py mount=/app2=app2.py manage-script-name',
  ],
  [
    '--http :8000 --paste config:/srv/pyramid/production.ini -H /srv/env',
    'http *:8000; worker: paste=config:/srv/pyramid/production.ini home=/srv/env',
  ],
  [
    '--http :8000 --ini-paste /srv/pyramid/production.ini',
    'http *:8000; worker: ini-paste=/srv/pyramid/production.ini',
  ],
  [
    "--http :8000 --eval \"def application(e, s): s('200 OK', []); return [b'hi']\"",
    "http *:8000; worker: eval=def application(e, s): s('200 OK', []); return [b'hi']",
  ],
  [
    '--http :8000 --module app:app --mule --mule=worker.py',
    'http *:8000; worker: module=app:app mule mule=worker.py',
  ],
  [
    '--http :8000 --module app:app --spooler /var/spool/uwsgi --spooler-processes 2 --import tasks',
    'http *:8000; worker: module=app:app spooler=/var/spool/uwsgi spooler-processes=2 import=tasks',
  ],
  [
    '--http :8000 --module app:app --cron "0 3 -1 -1 -1 /usr/bin/backup"',
    'http *:8000; worker: module=app:app cron=0 3 -1 -1 -1 /usr/bin/backup',
  ],
  [
    '--http :8000 --module app:app --attach-daemon memcached',
    'http *:8000; worker: module=app:app attach-daemon=memcached',
  ],
  [
    '--http :8000 --module app:app --cache2 name=mycache,items=100',
    'http *:8000; worker: module=app:app cache2=name=mycache,items=100',
  ],
  [
    '--http :8000 --module app:app --enable-threads --thunder-lock --thread-stacksize 512 --no-threads-wait',
    'http *:8000; worker: module=app:app enable-threads thunder-lock thread-stacksize=512 no-threads-wait',
  ],
  [
    '--http :8000 --module app:app --auto-procname --procname-prefix-spaced shop',
    'http *:8000; worker: module=app:app',
  ],
  [
    '--http :8000 --module app:app --add-header "X-Frame-Options: DENY" --del-header Server',
    'http *:8000; worker: module=app:app; and headerDown',
  ],
  [
    '--http :8000 --module app:app --route "^/old redirect:/new" --route-run "log:hello"',
    'http *:8000; worker: module=app:app route=^/old redirect:/new route-run=log:hello',
  ],
  [
    '--http :8000 --module app:app --http-workers 2 --http-buffer-size 65536 --http-connect-timeout 5 --http-headers-timeout 10',
    'http *:8000; worker: module=app:app; and httpProcesses maxHeaderBytes connectTimeoutMs clientHeadTimeoutMs',
  ],
  [
    '--http-socket :8000 --module app:app --http-auto-gzip --http-raw-body --http-chunked-input',
    'http *:8000; worker: module=app:app; and compress',
  ],
  [
    '--http :8000 --module app:app --so-keepalive --tcp-nodelay --reuse-port',
    'http *:8000; worker: module=app:app',
  ],
  [
    '--http :8000 --module app:app --reload-mercy 8 --exit-on-reload --no-orphans',
    'http *:8000; worker: module=app:app; and mercy',
  ],
  [
    '--http :8000 --module app:app --set foo=bar --set-placeholder root=/srv --chdir "%(root)/shop"',
    'http *:8000; worker: module=app:app chdir=/srv/shop',
  ],
  [
    '--http :8000 --module app:app --memory-report --catch-exceptions --ignore-sigpipe --ignore-write-errors --disable-write-exception',
    'http *:8000; worker: module=app:app memory-report catch-exceptions ignore-sigpipe ignore-write-errors disable-write-exception',
  ],
  [
    '--http :8000 --module app:app --hook-post-fork "print:hi" --exec-asap "echo hi"',
    'http *:8000; worker: module=app:app hook-post-fork=print:hi exec-asap=echo hi',
  ],
  ['--master --http :8000 --modul app:app --process 2', 'http *:8000; worker: module=app:app processes=2'],
  ['--http :8000 --psgi app.pl --plugin psgi', 'http *:8000; worker: psgi=app.pl plugin=psgi'],
  [
    '--http 0.0.0.0:8000 --module core.wsgi:application --processes 2 --threads 4 --offload-threads 2 --static-expires "/static/.* 3600" --access-log --hsts 1d',
    'http 0.0.0.0:8000; worker: module=core.wsgi:application processes=2 threads=4 offload-threads=2 static-expires=/static/.* 3600; and accessLog hsts',
  ],
  // uWSGI's router speaks uwsgi to its backends.
  ['--http-to 127.0.0.1:3031 --http :8000 --http-websockets', 'http *:8000; app: uwsgi://127.0.0.1:3031'],
  ['--http-to :3031 --http :8000', 'http *:8000; app: uwsgi://127.0.0.1:3031'],
  ['--http-to /run/app.sock --http :8000', 'http *:8000; app: uwsgi:///run/app.sock'],
  ['--http-to 127.0.0.1:8080 --http :8000 --http-backend-http', 'http *:8000; app: 127.0.0.1:8080'],
  ['--http-to http://127.0.0.1:8080 --http :8000', 'http *:8000; app: 127.0.0.1:8080'],
  [
    '--http-to 127.0.0.1:3031 --http-to 127.0.0.1:3032 --http :8000',
    'http *:8000; app: uwsgi://127.0.0.1:3031, uwsgi://127.0.0.1:3032',
  ],
  [
    '--http :8000 --http-socket :8001 --wsgi-file index.py --abstract-socket --vhost',
    'http *:8000, http *:8001; file index.py (application); worker: vhost',
  ],
  ['--emperor /etc/uwsgi/vassals', 'refused: --emperor is an option of uWSGI that tlsfront does not have'],
  [
    '--emperor /etc/uwsgi/apps --master --uid www',
    'refused: --emperor is an option of uWSGI that tlsfront does not have',
  ],
  [
    '--http :8000 --module app:app --chroot /srv/jail --uid www',
    'http *:8000; worker: module=app:app; as www; and chroot',
  ],
  [
    '--fastrouter :3031 --fastrouter-subscription-server 127.0.0.1:3030',
    'refused: --fastrouter and --fastrouter-subscription-server cannot be used here',
  ],
  [
    '--http :8000 --http-subscription-server 127.0.0.1:2626',
    'refused: --http-subscription-server is an option of uWSGI that tlsfront does not have',
  ],
  [
    '--socket 127.0.0.1:3031 --subscribe-to 127.0.0.1:2626:shop.test --module app:app',
    'refused: --subscribe-to is an option of uWSGI that tlsfront does not have',
  ],
  [
    '--http :8000 --module app:app --ssl-enable-tlsv1',
    'refused: --ssl-enable-tlsv1 is an option of uWSGI that tlsfront does not have',
  ],
  [
    '--http :8000 --fallback-config shop.ini --module app:app',
    'refused: --fallback-config is an option of uWSGI that tlsfront does not have',
  ],
  [
    '--http-socket /run/shop.sock --module app:app',
    'refused: --http-socket /run/shop.sock cannot be used here',
  ],
];

/** Lines that cannot serve, each with its own fault. */
export const WRONG_LINES: typeof LINES = [
  ['--stop /run/shop.pid', 'refused: --stop is an option of uWSGI that tlsfront does not have'],
  ['--reload /run/shop.pid', 'refused: --reload is an option of uWSGI that tlsfront does not have'],
  [
    '--https =0,foobar.crt,foobar.key --module app:app',
    'refused: --https =0,foobar.crt,foobar.key cannot be used here',
  ],
  ['--http :8000 --module', 'refused: --module needs a value'],
  [
    '--http :8000 --module app:app --nonsense --vacum',
    'refused: --nonsense is not an option; --vacum is not an option (did you mean --vacuum?)',
  ],
];
