/** What the command line keeps between commands, in the data folder: `account.json`. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Credentials } from './management.ts';

/** The subscription in use, and who signs in when not the operator. */
export interface Account {
  readonly subscription?: string;
  readonly principal?: Credentials;
}

export function readAccount(data: string): Account {
  try {
    return JSON.parse(readFileSync(join(data, 'account.json'), 'utf8')) as Account;
  } catch {
    return {};
  }
}

export function writeAccount(data: string, account: Account): void {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const file = join(data, 'account.json');
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(account)}\n`, { mode: 0o600 });
  renameSync(`${file}.${process.pid}`, file);
}
