/** The options about several apps and their health. */
import { type OptionRow, row, turn } from '../option-row.js';
import { LONGEST_DURATION_MS } from '../quantities.js';

const GROUP = 'Several apps';
const PAUSE = { least: 100, most: LONGEST_DURATION_MS };

/** Their rows, in the order of `--help`. */
export const UPSTREAM_OPTIONS = {
  stripPrefix: turn(GROUP, '--strip-prefix', "Take the route's prefix off the path that the app sees"),
  sticky: turn(GROUP, '--sticky', 'Keep a client at one of several apps, by a cookie'),
  healthPath: row(
    GROUP,
    'text',
    '--health-path',
    '<path>',
    'Ask every app for this path; who fails is left out',
  ),
  healthInterval: row(GROUP, 'duration', '--health-interval', '<time>', 'Pause between two such questions', {
    default: '10s',
    ...PAUSE,
  }),
  healthStatus: row(GROUP, 'text', '--health-status', '<codes>', 'Answers that count as healthy', {
    default: '200-399',
    repeatable: true,
    commas: true,
  }),
  failCount: row(GROUP, 'count', '--fail-count', '<n>', 'So many failures leave an app out; 0: none do', {
    default: '3',
    least: 0,
    most: 1_000_000,
  }),
  failWindow: row(GROUP, 'duration', '--fail-window', '<time>', 'Within this time, and for so long', {
    default: '10s',
    ...PAUSE,
  }),
  upstreamCa: row(GROUP, 'file', '--upstream-ca', '<file>', 'Authorities to trust for https:// apps, PEM', {
    defaultText: 'those of Node',
  }),
  upstreamInsecure: turn(GROUP, '--upstream-insecure', 'Do not verify the certificates of https:// apps'),
} satisfies Record<string, OptionRow>;
