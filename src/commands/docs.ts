/** `tlsfront docs`: the documents that are part of the package. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { misused } from '../options/read-setting.js';
import { packageFile } from '../system/package-files.js';
import { type CommandIo, EXIT_SUCCESS } from '../terminal/console.js';

const FOLDER = packageFile('docs');

/** Prints one document, or the list of them. @throws FrontError config_usage for a topic that there is none of */
export function printDocs(topic: string | undefined, io: CommandIo): number {
  const topics = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.slice(0, -'.md'.length))
    .sort();
  if (topic === undefined) {
    for (const name of topics) io.stdout.write(`${name.padEnd(18)}${titleOf(name)}\n`);
    return EXIT_SUCCESS;
  }
  const wanted = topics.find((name) => name.toLowerCase() === topic.toLowerCase().replace(/\.md$/, ''));
  if (wanted === undefined) {
    throw misused(`there is no document '${topic}'`, `there are: ${topics.join(', ')}`);
  }
  io.stdout.write(readFileSync(join(FOLDER, `${wanted}.md`), 'utf8'));
  return EXIT_SUCCESS;
}

function titleOf(name: string): string {
  const [first = ''] = readFileSync(join(FOLDER, `${name}.md`), 'utf8').split('\n');
  return first.replace(/^#+\s*/, '');
}
