/** The environment of commands in a machine: its own home and trust, and of the caller's only what describes the terminal and the language. */
import { OWN_CA, TRUST_BUNDLES } from './machine-files.ts';

const FROM_CALLER = /^(?:TERM|COLORTERM|NO_COLOR|COLUMNS|LINES|TZ|LANG|LANGUAGE|LC_[A-Z]+|PATH)$/;
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment for a command in the machine `name`. What else the caller has (proxies, credentials, XDG and engine folders, npm's variables) belongs to
 * another computer; `postern exec -- env NAME=VALUE ...` hands something in.
 */
export function machineEnvironment(name: string, caller: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [key, value] of Object.entries(caller)) if (value !== undefined && FROM_CALLER.test(key)) environment[key] = value;
  const path = environment.PATH === undefined || environment.PATH === '' ? SYSTEM_PATH : environment.PATH;
  const missing = SYSTEM_PATH.split(':').filter((folder) => !path.split(':').includes(folder));
  const bundle = `/etc/${TRUST_BUNDLES[0]}`;
  return {
    ...environment,
    PATH: [path, ...missing].join(':'),
    HOME: '/root',
    USER: 'root',
    LOGNAME: 'root',
    HOSTNAME: name,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    NODE_EXTRA_CA_CERTS: `/etc/${OWN_CA}`,
  };
}
