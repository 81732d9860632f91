/**
 * The tree of commands: a file below `commands/` for each that is written out, or for all that begin with the file's words, and the table of nouns
 * for the rest.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.ts';

const FOLDER = new URL('./commands/', import.meta.url);
const WORD = /^[a-z][a-z0-9-]*$/;

/** What each inner node of the tree is about. */
const GROUPS: Readonly<Record<string, string>> = {
  account: 'The subscription in use.',
  'account subscription': 'Subscriptions, for those who run this server.',
  'account tenant': 'Tenants.',
  acr: 'Registries.',
  'acr agentpool': 'Agent pools of registries.',
  'acr config': 'Policies of registries.',
  'acr config authentication-as-arm': 'Whether tokens for Azure Resource Manager open a registry.',
  'acr config content-trust': 'Whether signed tags are kept.',
  'acr config retention': 'How long untagged manifests are kept.',
  'acr config soft-delete': 'How long deleted artifacts can be restored.',
  'acr connected-registry': 'Connected registries.',
  'acr credential': "The admin user's passwords.",
  'acr encryption': 'Encryption of registries.',
  'acr identity': 'Managed identities of registries.',
  'acr limit': 'Limits of a registry, set by the operator.',
  'acr manifest': 'Manifests in a registry.',
  'acr manifest metadata': 'What is known of manifests.',
  'acr network-rule': 'The public addresses and subnets that a registry lets in.',
  'acr private-endpoint-connection': "A registry's private endpoint connections: approve, reject, delete.",
  'acr private-link-resource': 'What private endpoints can connect to.',
  'acr replication': 'The regions that a registry is served from.',
  'acr repository': 'Repositories and tags in a registry.',
  'acr scope-map': 'What tokens may do in which repositories.',
  'acr task': 'Tasks of registries.',
  'acr token': 'Names with passwords, limited to repositories.',
  'acr token credential': 'Passwords of tokens.',
  'acr webhook': 'Whom a registry tells of pushes and deletions.',
  ad: 'The directory: who can sign in.',
  'ad app': 'Applications.',
  'ad group': 'Groups.',
  'ad group member': 'Members of groups.',
  'ad signed-in-user': 'The user who is signed in.',
  'ad sp': 'Service principals: create one with a password and a role, list, delete.',
  'ad sp credential': 'Passwords of service principals.',
  'ad user': 'Users.',
  group: 'Resource groups.',
  identity: 'User-assigned managed identities.',
  lock: 'Locks against deletion and change.',
  monitor: 'What happened.',
  'monitor activity-log': 'Who changed what.',
  network: 'Networks, private endpoints and private DNS.',
  'network nic': 'Network interfaces.',
  'network nsg': 'Network security groups.',
  'network nsg rule': 'Rules of network security groups.',
  'network private-dns': 'Private DNS.',
  'network private-dns link': 'Links of private DNS zones.',
  'network private-dns link vnet': 'Links of private DNS zones to virtual networks.',
  'network private-dns record-set': 'Record sets of private DNS zones.',
  'network private-dns record-set a': 'A record sets.',
  'network private-dns record-set aaaa': 'AAAA record sets.',
  'network private-dns record-set cname': 'CNAME record sets.',
  'network private-dns record-set mx': 'MX record sets.',
  'network private-dns record-set ptr': 'PTR record sets.',
  'network private-dns record-set soa': 'The SOA record of a zone.',
  'network private-dns record-set srv': 'SRV record sets.',
  'network private-dns record-set txt': 'TXT record sets.',
  'network private-dns zone': 'Private DNS zones.',
  'network private-endpoint': 'Private endpoints.',
  'network private-endpoint dns-zone-group': 'Private DNS zone groups of private endpoints.',
  'network private-endpoint-connection': 'Private endpoint connections of any resource.',
  'network private-link-resource': 'What private endpoints can connect to.',
  'network vnet': 'Virtual networks.',
  'network vnet peering': 'Peerings of virtual networks.',
  'network vnet subnet': 'Subnets.',
  provider: 'Resource providers.',
  resource: 'Resources of every type.',
  role: 'Access control.',
  'role assignment': 'Role assignments.',
  'role definition': 'Role definitions.',
  tenant: 'Tenants of this server: directories of their own.',
  vm: 'Virtual machines.',
  'vm run-command': 'Scripts in virtual machines.',
};

/** The command at exactly these words. */
export async function commandAt(words: readonly string[]): Promise<Command | undefined> {
  if (words.length === 0 || !words.every((word) => WORD.test(word))) return undefined;
  const own = (await definedAt(words)).find(({ path }) => path === words.join(' '));
  if (own) return own;
  for (let length = words.length - 1; length > 0; length--) {
    const found = (await definedAt(words.slice(0, length))).find(({ path }) => path === words.join(' '));
    if (found) return found;
  }
  if (!['show', 'list', 'delete'].includes(words.at(-1) as string)) return undefined;
  const { nounCommand } = await import('./noun-commands.ts');
  return nounCommand(words);
}

/** What the file at these words defines: one command, or several whose paths begin with its words. */
export async function definedAt(words: readonly string[]): Promise<readonly Command[]> {
  const file = new URL(`${words.join('/')}.ts`, FOLDER);
  if (!existsSync(file)) return [];
  const { default: defined } = (await import(file.href)) as { default: Command | readonly Command[] };
  return 'path' in defined ? [defined] : defined;
}

/** The command that the leading words name, with how many of them do; the longest match counts. */
export async function findCommand(words: readonly string[]): Promise<{ command: Command; length: number } | undefined> {
  for (let length = words.length; length > 0; length--) {
    const command = await commandAt(words.slice(0, length));
    if (command) return { command, length };
  }
  return undefined;
}

/** What lies below these words: further groups and commands, each with its summary, sorted. Empty when they are no group. */
export async function below(words: readonly string[]): Promise<{ groups: [string, string][]; commands: [string, string][] }> {
  const groups = new Map<string, string>();
  const commands = new Map<string, string>();
  const prefix = words.length === 0 ? '' : `${words.join(' ')} `;
  for (const path of Object.keys(GROUPS)) {
    const name = path.slice(prefix.length);
    if (path.startsWith(prefix) && !name.includes(' ') && name !== '') groups.set(name, GROUPS[path] as string);
  }
  const { nounCommands } = await import('./noun-commands.ts');
  for (const { path, summary } of nounCommands()) {
    const name = path.slice(prefix.length);
    if (path.startsWith(prefix) && !name.includes(' ')) commands.set(name, summary);
  }
  const files = await Promise.all([
    ...words.map((_, index) => definedAt(words.slice(0, index + 1))),
    ...filesBelow(words).map((name) => definedAt([...words, name])),
  ]);
  for (const { path, summary } of files.flat()) {
    const name = path.slice(prefix.length);
    if (path.startsWith(prefix) && !name.includes(' ')) commands.set(name, summary);
  }
  const inOrder = (map: Map<string, string>): [string, string][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return { groups: inOrder(groups), commands: inOrder(commands) };
}

/** Every command there is, for the generated reference and its test. */
export async function everyCommand(words: readonly string[] = []): Promise<Command[]> {
  const { groups, commands } = await below(words);
  const own = await Promise.all(commands.map(async ([name]) => (await commandAt([...words, name])) as Command));
  const inner = await Promise.all(groups.map(([name]) => everyCommand([...words, name])));
  return [...own, ...inner.flat()];
}

export function groupSummary(words: readonly string[]): string | undefined {
  return GROUPS[words.join(' ')];
}

function filesBelow(words: readonly string[]): string[] {
  if (!words.every((word) => WORD.test(word))) return [];
  const folder = new URL(words.length === 0 ? '.' : `${words.join('/')}/`, FOLDER);
  if (!existsSync(folder)) return [];
  return readdirSync(fileURLToPath(folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => name.slice(0, -3));
}
