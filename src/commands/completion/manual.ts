/** `tlsfront man`: the manual page, made from the table of options. */
import { COMMANDS } from '../../options/help/command-help.js';
import { describeDefault } from '../../options/help/help.js';
import { OPTION_GROUPS } from '../../options/option-row.js';
import { optionOf, SETTING_KEYS } from '../../options/table.js';
import { type CommandIo, EXIT_SUCCESS } from '../../terminal/console.js';

const ROWS = SETTING_KEYS.map(optionOf);

/** roff: a line that begins with a dot or quote would be a request. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

/** The manual page, man(7). */
export function printManual(version: string, io: CommandIo): number {
  const groups = OPTION_GROUPS.map((group) => {
    const rows = ROWS.filter((row) => row.group === group).map((row) => {
      const names = row.short === undefined ? row.flag : `${row.short}, ${row.flag}`;
      const argument = row.argument === null ? '' : ` \\fI${roff(row.argument)}\\fR`;
      const byDefault = describeDefault(row);
      const more = [
        ...(row.choices === undefined ? [] : [` One of: ${row.choices.join(', ')}.`]),
        ...(row.repeatable === true ? [' May be given several times.'] : []),
        ...(byDefault === '' ? [] : [` Default: ${byDefault}.`]),
      ];
      return `.TP\n\\fB${roff(names)}\\fR${argument}\n${roff(`${row.description}.${more.join('')}`)}\n`;
    });
    return `.SS ${roff(group)}\n${rows.join('')}`;
  });
  const commands = COMMANDS.map(([name, text]) => `.TP\n\\fBtlsfront ${name}\\fR\n${roff(text)}\n`);
  io.stdout.write(`.TH TLSFRONT 1 "" "tlsfront ${version}"
.SH NAME
tlsfront \\- HTTPS and HTTP/2 in front of a plain HTTP app
.SH SYNOPSIS
.B tlsfront
[\\fIoptions\\fR] \\fIport\\fR | \\fIfile.py\\fR | \\-\\- \\fIcommand\\fR [\\fIarguments\\fR]
.SH COMMANDS
${commands.join('')}.SH OPTIONS
Each is also an environment variable, TLSFRONT_LISTEN=9443, and a line of tlsfront.toml.
${groups.join('')}.SH EXIT STATUS
0: ended as asked. 1: a failure at run time. 2: wrong usage or configuration.
.SH SEE ALSO
tlsfront docs
`);
  return EXIT_SUCCESS;
}
