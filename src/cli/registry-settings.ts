/** The settings that `acr create` and `acr update` share, and the properties az makes of them. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import type { Option } from './options.ts';

const SETTINGS: readonly Option[] = [
  { name: 'admin-enabled', kind: 'boolean', summary: 'Whether the admin user is enabled.' },
  { name: 'anonymous-pull-enabled', kind: 'boolean', summary: 'Whether pulling needs no identity.' },
  { name: 'data-endpoint-enabled', kind: 'boolean', summary: 'Whether layers come from a data endpoint of their own.' },
  { name: 'public-network-enabled', kind: 'boolean', summary: 'Whether the registry is reached from public addresses. False leaves private endpoints only.' },
  { name: 'default-action', kind: 'text', choices: ['Allow', 'Deny'], summary: 'What happens to public addresses that no rule names.' },
  { name: 'allow-trusted-services', kind: 'boolean', summary: 'Whether trusted services pass by the network rules.' },
  { name: 'allow-exports', kind: 'boolean', summary: 'Whether images may be exported.' },
];

export const DISABLING_WARNING = 'Disabling the public endpoint overrides all firewall configurations.';

/** Settings that later versions of az have: passed on as they are, and a warning says so when the server does not keep one. */
const LATER: readonly (readonly [Option, string, Readonly<Record<string, string>>])[] = [
  [{ name: 'allow-metadata-search', kind: 'boolean', summary: 'Whether metadata can be searched.' }, 'metadataSearch', { true: 'Enabled', false: 'Disabled' }],
  [
    { name: 'role-assignment-mode', kind: 'text', choices: ['rbac', 'rbac-abac'], summary: 'Whether roles are limited to repositories.' },
    'roleAssignmentMode',
    { rbac: 'LegacyRegistryPermissions', 'rbac-abac': 'AbacRepositoryPermissions' },
  ],
  [
    { name: 'regional-endpoints', kind: 'text', choices: ['Disabled', 'Enabled'], summary: 'Whether each region has a login server of its own.' },
    'regionalEndpoints',
    {},
  ],
  [{ name: 'endpoint-protocol', kind: 'text', choices: ['IPv4', 'IPv4AndIPv6'], summary: 'The addresses it has.' }, 'endpointProtocol', {}],
  [
    { name: 'writable-cache-repos', kind: 'text', choices: ['Disabled', 'Enabled'], summary: 'Whether cached repositories can be written.' },
    'writableCacheRepos',
    {},
  ],
];

/** Tells which of the settings sent the server has not kept. */
export function warnOfUnkept(context: Context, sent: JsonObject, registry: JsonObject): void {
  const kept = isJsonObject(registry.properties) ? registry.properties : {};
  for (const [option, property] of LATER)
    if (sent[property] !== undefined && kept[property] === undefined) context.warn(`--${option.name} is not kept by this version of Postern.`);
}

/** Only what was given. Disabling the public endpoint also denies by default; enabling it does not undo that, as with az. */
export function registrySettings(args: Arguments): JsonObject {
  const properties: JsonObject = {};
  const copy = (option: string, property: string): void => {
    const value = args.boolean(option);
    if (value !== undefined) properties[property] = value;
  };
  copy('admin-enabled', 'adminUserEnabled');
  copy('anonymous-pull-enabled', 'anonymousPullEnabled');
  copy('data-endpoint-enabled', 'dataEndpointEnabled');
  const action = args.text('default-action');
  if (action !== undefined) properties.networkRuleSet = { defaultAction: action };
  const isPublic = args.boolean('public-network-enabled');
  if (isPublic !== undefined) properties.publicNetworkAccess = isPublic ? 'Enabled' : 'Disabled';
  if (isPublic === false) properties.networkRuleSet = { defaultAction: 'Deny' };
  const trusted = args.boolean('allow-trusted-services');
  if (trusted !== undefined) properties.networkRuleBypassOptions = trusted ? 'AzureServices' : 'None';
  const exports = args.boolean('allow-exports');
  if (exports !== undefined) properties.policies = { exportPolicy: { status: exports ? 'enabled' : 'disabled' } };
  for (const [option, property, words] of LATER) {
    const given = option.kind === 'boolean' ? args.boolean(option.name) : args.text(option.name);
    if (given !== undefined) properties[property] = words[String(given)] ?? String(given);
  }
  return properties;
}

/** The settings of both, with those of later versions. */
export const ALL_SETTINGS: readonly Option[] = [...SETTINGS, ...LATER.map(([option]) => option)];
