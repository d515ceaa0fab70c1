/** Looks users and groups up: /etc/passwd and /etc/group first, then `getent` for directories such as LDAP. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A user or a group. */
export interface Account {
  readonly name: string;
  /** User id or group id. */
  readonly id: number;
  /** A user's primary group; null for a group. */
  readonly groupId: number | null;
}

type Database = 'passwd' | 'group';

function readDatabase(database: Database): string {
  try {
    return readFileSync(`/etc/${database}`, 'utf8');
  } catch {
    return '';
  }
}

/** Asks the system's name services. Names with other characters never reach the command line. */
function askNameServices(database: Database, nameOrNumber: string): string {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$/.test(nameOrNumber)) return '';
  const asked = spawnSync('getent', [database, nameOrNumber], { encoding: 'utf8', timeout: 5000 });
  return asked.status === 0 ? asked.stdout : '';
}

/** The entry with this name, else with this number, of lines as in /etc/passwd or /etc/group. */
export function findEntry(lines: string, database: Database, nameOrNumber: string): Account | null {
  const entries = lines.split('\n').map((line) => line.split(':'));
  const entry =
    entries.find(([name, , id]) => name === nameOrNumber && id !== undefined) ??
    entries.find(([, , id]) => id === nameOrNumber);
  const [name, , id, groupId] = entry ?? [];
  if (name === undefined || id === undefined || !/^\d+$/.test(id)) return null;
  return { name, id: Number(id), groupId: database === 'passwd' ? Number(groupId) : null };
}

function find(database: Database, nameOrNumber: string): Account | null {
  return (
    findEntry(readDatabase(database), database, nameOrNumber) ??
    findEntry(askNameServices(database, nameOrNumber), database, nameOrNumber)
  );
}

/** The user of a name or number; null when nobody has it. */
export function findUser(nameOrNumber: string): Account | null {
  return find('passwd', nameOrNumber);
}

/** The group of a name or number; null when there is none. */
export function findGroup(nameOrNumber: string): Account | null {
  return find('group', nameOrNumber);
}
