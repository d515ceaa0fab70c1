/** The tables of docs/uwsgi.md: every option of uWSGI and its fate. */
import { AREAS, FATES, type Fate, optionsOfRow, UWSGI_ROWS, type UwsgiOption } from './rows.js';

const FATE_NAMES: Readonly<Record<Fate, string>> = {
  ours: 'ours',
  worker: "the worker's",
  needless: 'needless',
  mapped: 'mapped',
  refused: 'refused',
};

function isArea(name: string): name is keyof typeof AREAS {
  return Object.hasOwn(AREAS, name);
}

function nameOf({ name, short }: UwsgiOption): string {
  return short === null ? `\`--${name}\`` : `\`--${name}\` \`-${short}\``;
}

/** The fates and what each means, as a list. */
export function renderFates(): string {
  const lines = Object.entries(FATES).map(
    ([fate, text]) => `- **${fate === 'worker' ? "the worker's" : fate}**: ${text}`,
  );
  return `${lines.join('\n')}\n`;
}

/** A heading and a table for each area. */
export function renderTables(): string {
  return Object.keys(AREAS)
    .filter(isArea)
    .map((area) => {
      const rows = UWSGI_ROWS.filter((row) => row.area === area).map((row) => {
        const names = optionsOfRow(row).map(nameOf).join(' ');
        return `| ${names} | ${FATE_NAMES[row.fate]} | ${row.text} |`;
      });
      if (rows.length === 0) return '';
      return `### ${AREAS[area]}\n\n| Options | Fate | Why, or what it is here |\n|---|---|---|\n${rows.join('\n')}\n`;
    })
    .filter((text) => text !== '')
    .join('\n');
}
