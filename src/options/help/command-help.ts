/** Help of the commands that share the front's options, and the one list of all commands. */

/** Every command, in the order of `--help`. */
export const COMMANDS = [
  ['demo', 'in front of the bundled sample app'],
  ['check', 'say whether options and certificates are valid; --print shows each value'],
  ['config', 'export, schema: the options as tlsfront.toml'],
  ['chain', 'check, show, fix, merge: faults of a certificate file'],
  ['ca', 'install, uninstall, status, show: who trusts the development certificates'],
  ['cert', 'write a development certificate for another server'],
  ['acme', 'status, renew, revoke, rollover, deactivate: accounts and certificates'],
  ['hosts', 'add, remove, list: names of this machine'],
  ['status', 'what a running front does'],
  ['top', 'the same live in a terminal: requests, routes, apps, processes'],
  ['list', 'the running fronts of this user, and the projects of each'],
  ['reload', 'a new generation of a running front, or why the old one stays'],
  ['deploy', 'a new version of an app, proven before it gets requests'],
  ['drain', 'take one of several apps out, and wait until it is idle'],
  ['undrain', 'give it back'],
  ['pause', 'hold requests until resume'],
  ['resume', 'let them go'],
  ['maintenance', 'on, off: answer every request with 503 and a page'],
  ['ban', 'refuse an address, for a while or until unban'],
  ['unban', 'take a ban back'],
  ['bans', 'the addresses that a running front refuses'],
  ['stop', 'drain and end a running front, or one project by its name'],
  ['logs', 'the end of the log; -f follows it'],
  ['service', 'print, install, uninstall: a unit of systemd for a command line'],
  ['password', 'ask for a password and print the line of a --basic-auth file'],
  ['setup', 'what needs root once: ports 80 and 443, trust, names; --undo takes it back'],
  ['doctor', 'try ports, trust, names and the clock of this machine, each with its cure'],
  ['clean', 'remove all that was ever written for this user'],
  ['completion', 'bash, zsh, fish: completion of the shell'],
  ['man', 'the manual page; tlsfront man | man -l -'],
  ['docs', 'the documents of this version: tlsfront docs troubleshooting'],
] as const;

/** Commands that share a line where the whole list must fit a screen. */
export const COMMAND_FAMILIES: readonly (readonly [names: readonly string[], text: string])[] = [
  [['check', 'config'], 'say whether options and certificates are valid; write them as tlsfront.toml'],
  [['status', 'top', 'list'], 'what a running front does, live too; the fronts of this user'],
  [['drain', 'undrain'], 'take one of several apps out, and give it back'],
  [['ban', 'unban', 'bans'], 'refuse an address, for a while or until unban; who is refused'],
  [['doctor', 'clean'], 'try this machine, each fault with its cure; remove all that was ever written'],
  [['hosts', 'setup'], 'names of this machine; what needs root once: ports 80 and 443, trust, names'],
  [['ca', 'cert'], 'who trusts the development certificates; one more of them for another server'],
  [['pause', 'resume'], 'hold requests, their bodies unread, and let them go'],
  [['reload', 'stop'], 'a new generation, or why the old one stays; drain and end'],
  [['man', 'docs'], 'the manual page; the documents of this version: tlsfront docs troubleshooting'],
];

const OPTIONS_TOO = 'All options of the front are taken too: tlsfront --help all lists them.\n';

/** The text of each command that has no parser of its own. */
export const COMMAND_HELP: Readonly<Record<string, string>> = {
  demo: `tlsfront demo [options]

Starts the bundled sample app and serves it: a page that shows what the front does with HTTP/2,
WebSockets, event streams and uploads. Nothing of yours is needed.

Examples:
  tlsfront demo
  tlsfront demo --listen 9443 --access-log

${OPTIONS_TOO}`,
  check: `tlsfront check [options] [--print] [--json]

Says whether this command line, environment and tlsfront.toml could be served, certificates included.
It binds nothing and starts nothing. Exit code 0: valid; 2: not, with what is wrong.

  --print    every value in force, and where it comes from
  --json     the same for programs, with the whole resolved configuration

Examples:
  tlsfront check --cert server.crt --key server.key --upstream 8080
  tlsfront check --print

${OPTIONS_TOO}`,
  deploy: `tlsfront deploy [APP] [--upstream ADDRESS… | -- COMMAND…] [options]

Puts a new version of an app in the place of the one that serves, without a gap. The new one runs already
(--upstream) or is started beside the old one (--) in this folder, on a port of its own, as the front's user; without
either, what the configuration says is started anew, or put back. It must answer its health path several times in a row,
then it gets all new requests, while the old one finishes what it has. The command returns when the old one is empty.
Exit code 0: the new version serves; 1 or 2: nothing is changed, and the error says why.

  --upstream ADDRESS     where the new version runs, as --upstream of the front takes it; may be repeated
  --health-path PATH     what it is asked for; else --health-path of the front, or / with any answer below 500
  --checks N             so many good answers in a row (default: 3)
  --timeout TIME         for its start and these checks (default: 30s)
  --drain TIME           what the old version has after this is ended, WebSockets too (default: 30s)
  --pid N, --socket FILE which front, where several run

APP is what tlsfront status calls it, where there are several. What is deployed holds over reloads and restarts, until
the configuration says something else of the app.

Examples:
  tlsfront deploy --upstream 127.0.0.1:8081
  tlsfront deploy -- node server.js
  tlsfront deploy api.test/v1 --upstream 9001 --health-path /up --timeout 1m --drain 5m
  tlsfront deploy                 the command of the configuration once more, or back to it
`,
  service: `tlsfront service print|install|uninstall [--unit NAME] [--user USER] [--root FOLDER] [options of the front]

print      the unit of systemd that runs the front with these options, shut in as far as it goes
install    writes it to /etc/systemd/system, enables and starts it (as root)
uninstall  stops it and removes what install has written

The options are checked first, as tlsfront check does. Without --user the front runs as a user of its own that
exists only while it runs (DynamicUser=). --root writes beneath a folder and does not call systemd.

Examples:
  tlsfront service print --listen :443 --http-to-https :80 --acme you@example.com --host app.example.com --upstream 8080
  sudo tlsfront service install --unit shop --user shop --listen :443 --cert /etc/tls/shop.pem -- npm start
  sudo tlsfront service uninstall --unit shop
`,
  setup: `tlsfront setup [NAME...] [--undo] [--yes] [--dry-run]

Does what needs root once on a developer's machine: lets every user listen on ports from 80 on (Linux,
net.ipv4.ip_unprivileged_port_start in /etc/sysctl.d), has browsers trust the development authority (as
tlsfront ca install), and leads names to this machine (as tlsfront hosts add). It shows each command and asks once.

  --undo     take back what setup has done, with the value that held before
  --yes      ask nothing
  --dry-run  say what would be run, and run nothing

Examples:
  tlsfront setup --dry-run
  tlsfront setup app.test
  tlsfront setup --undo
`,
  doctor: `tlsfront doctor

Tries what the front needs on this machine: ports, who trusts the development certificates for real,
names, variables of proxies, the clock. Each line that is not well has its cure beside it.
It changes nothing. Exit code 0: all well; 1: something is not.

Examples:
  tlsfront doctor
`,
  clean: `tlsfront clean [--yes] [--dry-run]

Removes what was ever written for this user: the development authority out of every trust store, our names
out of the hosts file, the data folder with certificates, keys and accounts, and the control sockets' folder.
It says each thing and asks once. Units of systemd are named, not removed. Exit code 1: something is left.

  --yes      ask nothing, also before root's rights are used
  --dry-run  say what would be removed, and remove nothing

Examples:
  tlsfront clean --dry-run
`,
  password: `tlsfront password USER

Asks for a password, without showing it, and prints the line of a --basic-auth file: user and scrypt hash.
Where the input is no terminal its first line is the password.

Examples:
  tlsfront password alice >> users
  openssl rand -base64 18 | tee /dev/stderr | tlsfront password robot >> users
`,
  completion: `tlsfront completion bash|zsh|fish

Prints the completion of commands and options for a shell.

Examples:
  tlsfront completion bash > ~/.local/share/bash-completion/completions/tlsfront
  tlsfront completion zsh > "\${fpath[1]}/_tlsfront"
  tlsfront completion fish > ~/.config/fish/completions/tlsfront.fish
`,
  man: `tlsfront man

Prints the manual page, made from the table of options.

Examples:
  tlsfront man | man -l -
`,
  docs: `tlsfront docs [topic]

Prints a document of this version, or the list of them.

Examples:
  tlsfront docs
  tlsfront docs dev-servers
`,
};
