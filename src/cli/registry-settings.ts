/** The settings that `acr create` and `acr update` share, and the properties az makes of them. */
import type { JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Option } from './options.ts';

export const SETTINGS: readonly Option[] = [
  { name: 'admin-enabled', kind: 'boolean', summary: 'Whether the admin user is enabled.' },
  { name: 'anonymous-pull-enabled', kind: 'boolean', summary: 'Whether pulling needs no identity.' },
  { name: 'data-endpoint-enabled', kind: 'boolean', summary: 'Whether layers come from a data endpoint of their own.' },
  { name: 'public-network-enabled', kind: 'boolean', summary: 'Whether the registry is reached from public addresses. False leaves private endpoints only.' },
  { name: 'default-action', kind: 'text', choices: ['Allow', 'Deny'], summary: 'What happens to public addresses that no rule names.' },
  { name: 'allow-trusted-services', kind: 'boolean', summary: 'Whether trusted services pass by the network rules.' },
];

export const DISABLING_WARNING = 'WARNING: Disabling the public endpoint overrides all firewall configurations.\n';

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
  return properties;
}
