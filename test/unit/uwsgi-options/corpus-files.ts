/** Configuration files of uWSGI as people write them, reworded, and what each comes to. FOLDER is the one that it lies in. */

export interface CorpusFile {
  /** What `--ini` names: the file, and a section where it is not `uwsgi`. */
  readonly spec: string;
  readonly expected: string;
  readonly text: string;
}

export const FILES: readonly CorpusFile[] = [
  {
    spec: 'django-tutorial.ini',
    expected:
      'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; worker: chdir=/srv/project module=project.wsgi home=/srv/virtualenv processes=10',
    text: `# mysite_uwsgi.ini file
[uwsgi]

# Django-related settings
# the base directory (full path)
chdir           = /srv/project
# Django's wsgi file
module          = project.wsgi
# the virtualenv (full path)
home            = /srv/virtualenv

# process-related settings
master          = true
processes       = 10
socket          = /srv/project/mysite.sock
chmod-socket    = 664
vacuum          = true
`,
  },
  {
    spec: 'flask-socket.ini',
    expected:
      'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; worker: module=wsgi:app processes=5',
    text: `[uwsgi]
module = wsgi:app

master = true
processes = 5

socket = myproject.sock
chmod-socket = 660
vacuum = true

die-on-term = true
`,
  },
  {
    spec: 'http-and-stats.ini',
    expected: 'http *:9090; file foobar.py (application); worker: processes=4 threads=2; and stats',
    text: `[uwsgi]
http = :9090
wsgi-file = foobar.py
master = true
processes = 4
threads = 2
stats = 127.0.0.1:9191
`,
  },
  {
    spec: 'placeholders.ini',
    expected:
      'https 127.0.0.1:443, https [::1]:443, redirect 127.0.0.1:80, redirect [::1]:80; worker: chdir=/home/www/shop home=/home/www/Env/shop module=shop.wsgi:application processes=5; as www',
    text: `[uwsgi]
project = shop
uid = www
base = /home/%(uid)

chdir = %(base)/%(project)
home = %(base)/Env/%(project)
module = %(project).wsgi:application

master = true
processes = 5

socket = /run/uwsgi/%(project).sock
chown-socket = %(uid):www-data
chmod-socket = 660
vacuum = true
`,
  },
  {
    spec: 'file-letters.ini',
    expected:
      'http 0.0.0.0:8000; worker: chdir=FOLDER/ module=file-letters:app env=CONFIG=FOLDER/file-letters.ini; and pidfile logto',
    text: `[uwsgi]
http-socket = 0.0.0.0:8000
chdir = %d
module = %n:app
pidfile = /run/%n.pid
logto = /var/log/%n.log
env = CONFIG=%p
`,
  },
  {
    spec: 'environment.ini',
    expected: 'http *:8000; worker: module=app:app processes=3',
    text: `[uwsgi]
http = $(ADDRESS)
module = $(MODULE)
processes = $(WEB_CONCURRENCY:-3)
`,
  },
  {
    spec: 'for-loop.ini',
    expected: 'http *:8000; worker: module=app:app env=SERVICE_a=1 env=SERVICE_b=1 env=SERVICE_c=1 threads=2',
    text: `[uwsgi]
http = :8000
module = app:app
for = a b c
env = SERVICE_%(_)=1
endfor =
threads = 2
`,
  },
  {
    spec: 'for-times.ini',
    expected: 'http *:8000; worker: module=app:app mule=mule1.py mule=mule2.py mule=mule3.py',
    text: `[uwsgi]
http = :8000
module = app:app
for-times = 3
mule = mule%(_).py
end-for =
`,
  },
  {
    spec: 'if-env.ini',
    expected: 'http *:8000; worker: module=app:app processes=4 harakiri=20',
    text: `[uwsgi]
http = :8000
module = app:app
if-env = DEBUG
py-autoreload = 1
endif =
if-not-env = DEBUG
processes = 4
endif =
if-env = STAGE=live
harakiri = 20
end-if =
`,
  },
  {
    spec: 'if-exists-else.ini',
    expected: 'http *:8000; worker: module=app:app env=FOUND=other.ini env=NOT=found',
    text: `[uwsgi]
http = :8000
module = app:app
if-exists = other.ini
env = FOUND=%(_)
endif =
if-exists = missing
env = FOUND=missing
else =
env = NOT=found
endif =
`,
  },
  {
    spec: 'include.ini',
    expected: 'http *:8000; worker: threads=8 processes=2 module=app:app',
    text: `[uwsgi]
ini = :extra
ini = other.ini
module = app:app
[extra]
threads = 8
`,
  },
  {
    spec: 'sections.ini:live',
    expected: 'http *:8000; worker: module=app:app',
    text: `[uwsgi]
http = :1000
module = wrong:app
[live]
http = :8000
module = app:app
`,
  },
  {
    spec: 'repeated.ini',
    expected:
      'http *:8000, http *:8001; worker: module=app:app env=A=1 env=B=2 static-map=/a=/srv/a static-map=/b=/srv/b; without uWSGI files: /a=/srv/a /b=/srv/b',
    text: `[uwsgi]
http = :8000
http = :8001
module = app:app
env = A=1
env = B=2
static-map = /a=/srv/a
static-map = /b=/srv/b
`,
  },
  {
    // A name of an option of ours that is no option of uWSGI is a placeholder in a file, whether it is asked for or not.
    spec: 'root-placeholder.ini',
    expected: 'http *:8000; worker: module=app:app',
    text: `[uwsgi]
root = /srv/app
http = :8000
module = app:app
`,
  },
  {
    spec: 'comments.ini',
    expected: 'http *:8000; worker: module=app:app ; this is no comment',
    text: `; a comment
# another
[uwsgi]
  http   =   :8000
	module = app:app ; this is no comment
#threads = 2
;threads = 3
`,
  },
  {
    spec: 'no-values.ini',
    expected: 'http *:8000; worker: module=app:app enable-threads',
    text: `[uwsgi]
http = :8000
module = app:app
master
enable-threads
vacuum
`,
  },
  {
    spec: 'switched-off.ini',
    expected: 'http *:8000; worker: module=app:app lazy-apps',
    text: `[uwsgi]
http = :8000
module = app:app
master = false
enable-threads = false
lazy-apps = 1
single-interpreter = no
`,
  },
  {
    spec: 'calculation.ini',
    expected: 'http *:8000; worker: module=app:app processes=8 threads=3',
    text: `[uwsgi]
http = :8000
module = app:app
base = 2
processes = %(base * 4)
threads = %(base + 1)
`,
  },
  {
    spec: 'file-content.ini',
    expected: 'http *:8000; worker: module=app:app',
    text: `[uwsgi]
http = :8000
module = @(module.txt)
`,
  },
  {
    spec: 'gevent.ini',
    expected: 'http 0.0.0.0:8080; worker: gevent=100 gevent-monkey-patch module=chat:app',
    text: `[uwsgi]
plugins = python3,gevent
http = 0.0.0.0:8080
gevent = 100
gevent-monkey-patch = true
module = chat:app
http-websockets = true
`,
  },
  {
    spec: 'production.ini',
    expected:
      'http *:8000; worker: enable-threads single-interpreter log-4xx log-5xx max-requests=1000 max-worker-lifetime=3600 reload-on-rss=2048 cheaper-algo=busyness processes=128 cheaper=8 cheaper-initial=16 cheaper-overload=1 cheaper-step=16 cheaper-busyness-multiplier=30 cheaper-busyness-min=20 cheaper-busyness-max=70 cheaper-busyness-backlog-alert=16 cheaper-busyness-backlog-step=2 harakiri=60 py-call-osafterfork module=wsgi:application; and mercy',
    text: `[uwsgi]
strict = true
master = true
enable-threads = true
vacuum = true
single-interpreter = true
die-on-term = true
need-app = true
disable-logging = true
log-4xx = true
log-5xx = true
max-requests = 1000
max-worker-lifetime = 3600
reload-on-rss = 2048
worker-reload-mercy = 60
cheaper-algo = busyness
processes = 128
cheaper = 8
cheaper-initial = 16
cheaper-overload = 1
cheaper-step = 16
cheaper-busyness-multiplier = 30
cheaper-busyness-min = 20
cheaper-busyness-max = 70
cheaper-busyness-backlog-alert = 16
cheaper-busyness-backlog-step = 2
harakiri = 60
auto-procname = true
procname-prefix = "shop "
py-call-osafterfork = true
module = wsgi:application
http = :8000
`,
  },
  {
    spec: 'docker.ini',
    expected:
      'http *:8000; worker: module=app.main:app processes=4 threads=2 buffer-size=65535 lazy-apps touch-reload=/app/uwsgi.ini static-map=/static=/app/static log-master logformat=%(addr) "%(method) %(uri)" %(status) %(msecs)ms; without uWSGI files: /static=/app/static',
    text: `[uwsgi]
http-socket = :$(PORT)
module = app.main:app
processes = 4
threads = 2
master = true
buffer-size = 65535
lazy-apps = true
touch-reload = /app/uwsgi.ini
static-map = /static=/app/static
log-master = true
logformat = %(addr) "%(method) %(uri)" %(status) %(msecs)ms
`,
  },
  {
    spec: 'tls.ini',
    expected: 'https 0.0.0.0:443, http 0.0.0.0:80; file index.py (application); as www; and headerDown',
    text: `[uwsgi]
shared-socket = 0.0.0.0:80
shared-socket = 0.0.0.0:443
http = =0
https = =1,/etc/ssl/shop.crt,/etc/ssl/shop.key,HIGH
uid = www
gid = web
wsgi-file = index.py
add-header = Strict-Transport-Security: max-age=31536000
`,
  },
  {
    spec: 'redirect.ini',
    expected: 'https 0.0.0.0:443, redirect 0.0.0.0:80; worker: mount=/=shop:app manage-script-name',
    text: `[uwsgi]
http-to-https = 0.0.0.0:80
https = 0.0.0.0:443,shop.crt,shop.key
mount = /=shop:app
manage-script-name = true
`,
  },
  {
    spec: 'spooler.ini',
    expected:
      'http *:8000; worker: module=app:app spooler=FOLDER/ spooler-processes=2 spooler-frequency=5 import=tasks cron=0 0 -1 -1 -1 python3 nightly.py attach-daemon=redis-server cache2=name=c,items=100',
    text: `[uwsgi]
http = :8000
module = app:app
spooler = %d
spooler-processes = 2
spooler-frequency = 5
import = tasks
cron = 0 0 -1 -1 -1 python3 nightly.py
attach-daemon = redis-server
cache2 = name=c,items=100
`,
  },
  {
    spec: 'own-options.ini',
    expected: 'http *:8000; worker: module=app:app; and accessLog hsts trustedProxies',
    text: `[uwsgi]
http = :8000
module = app:app
access-log = true
hsts = 180d
trusted-proxies = 10.0.0.0/8
`,
  },
  {
    spec: 'misspelt.ini',
    expected: 'http *:8000; worker: module=app:app',
    text: `[uwsgi]
http = :8000
module = app:app
proceses = 4
`,
  },
  {
    spec: 'emperor.ini',
    expected: 'refused: emperor.ini:2: emperor is an option of uWSGI that tlsfront does not have',
    text: `[uwsgi]
emperor = /etc/uwsgi/vassals
`,
  },
  {
    spec: 'unknown-placeholder.ini',
    expected: 'refused: unknown-placeholder.ini:3: chdir %(bsae)/x: %(bsae) is nowhere set',
    text: `[uwsgi]
http = :8000
chdir = %(bsae)/x
base = /srv
module = app:app
`,
  },
  {
    spec: 'self-placeholder.ini',
    expected: 'refused: self-placeholder.ini:4: b %(a): %(a) leads back to itself',
    text: `[uwsgi]
http = :8000
a = %(b)
b = %(a)
module = %(a)
`,
  },
  {
    spec: 'include-loop.ini',
    expected:
      'refused: loop.ini:2: ini include-loop.ini: includes itself (include-loop.ini:uwsgi → loop.ini:uwsgi → include-loop.ini:uwsgi)',
    text: `[uwsgi]
http = :8000
ini = loop.ini
`,
  },
  {
    spec: 'wrong-section.ini',
    expected: 'refused: --ini wrong-section.ini: it has no section [uwsgi]',
    text: `[uwsg]
http = :8000
module = app:app
`,
  },
  {
    spec: 'missing-include.ini',
    expected: 'refused: missing-include.ini:2: include nothing.ini: no such file',
    text: `[uwsgi]
include = nothing.ini
`,
  },
  {
    spec: 'shop.xml',
    expected:
      'http *:8000; file x.py (application); worker: threads=2 env=A=1 & 2 <AB env=B=<x> processes=4 pyargv=one two pythonpath=FOLDER/lib',
    text: `<?xml version="1.0" encoding="UTF-8"?>
<!-- the shop -->
<uwsgi id="shop">
  <http>:8000</http>
  <master/>
  <vacuum></vacuum>
  <wsgi-file>x.py</wsgi-file>
  <threads> 2 </threads>
  <env>A=1 &amp; 2 &lt;&#65;&#x42;</env>
  <env><![CDATA[B=<x>]]></env>
  <count>4</count>
  <processes note='as many as the machine has'>%(count)</processes>
  <pyargv>one <!-- and -->two</pyargv>
  <pythonpath>
    %dlib
  </pythonpath>
</uwsgi>
`,
  },
  {
    spec: 'several.xml',
    expected: 'http *:8000; worker: processes=2 module=app:app',
    text: `<config>
  <uwsgi id="one"><include>other.ini</include><module>app:app</module></uwsgi>
  <uwsgi id="two"><module>app:other</module></uwsgi>
</config>
`,
  },
  {
    spec: 'named.xml:two',
    expected: 'http *:8000; worker: module=app:other',
    text: `<config>
  <uwsgi id="one"><module>app:app</module></uwsgi>
  <uwsgi id="two"><http>:8000</http><module>app:other</module></uwsgi>
</config>
`,
  },
  {
    spec: 'wrong-id.xml:three',
    expected: 'refused: --ini wrong-id.xml: not XML of uWSGI: it has no <uwsgi id="three">, only one, two',
    text: `<config><uwsgi id="one"/><uwsgi id="two"/></config>`,
  },
  {
    spec: 'unclosed.xml',
    expected:
      'refused: --ini unclosed.xml: not XML of uWSGI: line 2: <threads> of line 2 is closed by </thread>',
    text: '<uwsgi>\n<threads>2</thread>\n</uwsgi>\n',
  },
  {
    spec: 'loop.xml',
    expected: 'refused: loop.xml:3: xml loop.xml: includes itself (loop.xml:uwsgi → loop.xml:uwsgi)',
    text: '<uwsgi>\n  <http>:8000</http>\n  <xml>loop.xml</xml>\n</uwsgi>\n',
  },
  {
    spec: 'misspelt.xml',
    expected: 'refused: misspelt.xml:2: emperor is an option of uWSGI that tlsfront does not have',
    text: '<uwsgi>\n  <emperor>/etc/x</emperor>\n</uwsgi>\n',
  },
  {
    spec: 'bare-switch.ini',
    expected: 'http *:8000; worker: module=app:app; and accessLog',
    text: '[uwsgi]\nhttp = :8000\nmodule = app:app\nmaster\naccess-log\nneed-app\n',
  },
];
