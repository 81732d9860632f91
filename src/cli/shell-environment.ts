/** What a shell is told so that other programs find Postern: exports, and the file of the authorities that they trust. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where distributions keep the bundle of public authorities; the first that exists is taken. */
const SYSTEM_BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem'];

/** The system's authorities and ours in one file, whose path it returns: SSL_CERT_FILE replaces, it does not add. */
export function writeBundle(data: string): string {
  const system = SYSTEM_BUNDLES.find((file) => existsSync(file));
  const file = join(data, 'run', 'ca-bundle.pem');
  mkdirSync(join(data, 'run'), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${system === undefined ? '' : readFileSync(system, 'utf8')}\n${readFileSync(join(data, 'ca.pem'), 'utf8')}`);
  return file;
}

/** A line for each value, for a POSIX shell. */
export function exportLines(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `export ${name}=${shellWord(value)}`);
}

/** The text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
