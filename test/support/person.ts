/** Somebody at a terminal who answers the first kind of question that is asked there, as people at a start do. */
import type { Python } from './tools.js';

/** Types ANSWER at each `[Y/n]` or `[y/N]`; its own exit code is the program's. */
const PERSON = `
import os, pty, re, signal, sys
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
seen = b''
while True:
    try: data = os.read(terminal, 65536)
    except OSError: break
    if not data: break
    os.write(1, data)
    seen += data
    if re.search(rb'\\[Y/n\\]|\\[y/N\\]', seen):
        seen = b''
        os.write(terminal, os.environ['ANSWER'].encode().decode('unicode_escape').encode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Words before a command that is to run at such a terminal; what it prints comes on standard output. */
export function atTerminal(python: Python): readonly [program: string, ...first: string[]] {
  return [python.path, '-c', PERSON];
}
