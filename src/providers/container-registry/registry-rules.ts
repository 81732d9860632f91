/** What a registry may be: the rules of its tiers (docs/sources.md#tier-faults). Rules marked "ours" have no public source; they follow their family's wording. */
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import type { RegistryProperties } from './registry-properties.ts';
import { featureQuotaExceeded, type Sku, TIERS } from './tiers.ts';

/** A registry as a write would leave it, and what stands around it. */
export interface Proposal {
  readonly name: string;
  readonly sku: Sku;
  readonly properties: RegistryProperties;
  readonly before: { readonly sku: Sku; readonly properties: RegistryProperties } | undefined;
  /** Names of its private endpoint connections. */
  readonly connections: readonly string[];
}

type Rule = (proposal: Proposal) => Fault | undefined | false;

const invalid = (code: string, message: string, target: string): Fault => new Fault('invalid', code, message, { target });

const rules: readonly Rule[] = [
  ({ sku, properties }) =>
    properties.publicNetworkAccess === 'Disabled' &&
    sku !== 'Premium' &&
    invalid(
      'DisablingPublicNetworkAccessNotSupported',
      `Disabling public network access is not supported for the SKU ${sku}. For more information, please visit https://aka.ms/acr/private-link.`,
      'properties.publicNetworkAccess',
    ),
  ({ sku, properties: { networkRuleSet } }) =>
    (networkRuleSet.defaultAction === 'Deny' || networkRuleSet.ipRules.length > 0 || networkRuleSet.virtualNetworkRules.length > 0) &&
    sku !== 'Premium' &&
    invalid('NetworkRuleNotSupported', `The requested feature virtual network rule is not supported for the SKU ${sku}.`, 'properties.networkRuleSet'),
  ({ sku, properties: { networkRuleSet } }) =>
    sku === 'Premium' &&
    networkRuleSet.ipRules.length > TIERS[sku].ipRules &&
    featureQuotaExceeded('IP rule', TIERS[sku].ipRules, sku, 'properties.networkRuleSet.ipRules'),
  ({ sku, properties: { networkRuleSet } }) =>
    sku === 'Premium' &&
    networkRuleSet.virtualNetworkRules.length > TIERS[sku].virtualNetworkRules &&
    featureQuotaExceeded('virtual network rule', TIERS[sku].virtualNetworkRules, sku, 'properties.networkRuleSet.virtualNetworkRules'),
  // The code is ours.
  ({ sku, properties }) =>
    properties.dataEndpointEnabled === true &&
    sku !== 'Premium' &&
    invalid('DataEndpointNotSupported', `The requested feature data endpoint rule is not supported for the SKU ${sku}.`, 'properties.dataEndpointEnabled'),
  // Ours: the portal greys the switch out.
  ({ name, properties, connections }) =>
    properties.dataEndpointEnabled === false &&
    connections.length > 0 &&
    invalid(
      'DataEndpointRequiredByPrivateEndpoints',
      `The data endpoint of registry '${name}' cannot be turned off while it has private endpoint connections: ${connections.join(', ')}.`,
      'properties.dataEndpointEnabled',
    ),
  ({ sku, properties }) =>
    properties.anonymousPullEnabled &&
    sku === 'Basic' &&
    invalid(
      'BadRequest',
      'Anonymous pull is not supported for SKU Managed_Basic. For more information on SKU tiers, please visit https://aka.ms/acr/tiers.',
      'properties.anonymousPullEnabled',
    ),
  // Ours: Azure asks for replicas to be removed first; endpoints are as bound to the tier.
  ({ name, sku, before, connections }) =>
    before?.sku === 'Premium' &&
    sku !== 'Premium' &&
    connections.length > 0 &&
    invalid(
      'PrivateEndpointNotSupported',
      `The requested feature private endpoint connection is not supported for the SKU ${sku}. Registry '${name}' has private endpoint connections: ${connections.join(', ')}. Remove them first.`,
      'sku.name',
    ),
  ({ name, properties, before }) =>
    properties.publicNetworkAccess === 'Enabled' &&
    properties.policies.exportPolicy.status === 'disabled' &&
    (before?.properties.policies.exportPolicy.status === 'disabled'
      ? invalid(
          'BadRequest',
          `Enabling public network access is not supported because the registry '${name}' has exports disabled.`,
          'properties.publicNetworkAccess',
        )
      : invalid(
          'BadRequest',
          `Disabling exports is not supported because the registry '${name}' has public network access enabled.`,
          'properties.policies.exportPolicy.status',
        )),
  ({ sku, properties }) =>
    properties.policies.exportPolicy.status === 'disabled' &&
    sku !== 'Premium' &&
    invalid('BadRequest', `The requested feature export policy is not supported for the SKU ${sku}.`, 'properties.policies.exportPolicy.status'),
  ({ properties }) =>
    properties.encryption.status === 'enabled' &&
    properties.encryption.keyVaultProperties === undefined &&
    invalid('BadRequest', 'Encryption with a customer-managed key needs keyVaultProperties.', 'properties.encryption.keyVaultProperties'),
];

/** Every rule that the proposal breaks. */
export function objections(proposal: Proposal): Fault[] {
  return rules.map((rule) => rule(proposal)).filter((fault) => fault instanceof Fault);
}

/** Settings that are stored and shown and do nothing yet. */
export function unenforcedSettings(properties: RegistryProperties, identity: JsonObject | undefined): string[] {
  const { policies, networkRuleSet, encryption } = properties;
  const lines: [boolean, string][] = [
    [properties.adminUserEnabled, 'adminUserEnabled: there is no admin user to sign in with'],
    [networkRuleSet.virtualNetworkRules.length > 0, 'networkRuleSet.virtualNetworkRules: service endpoints admit nobody'],
    [policies.quarantinePolicy.status === 'enabled', 'policies.quarantinePolicy'],
    [policies.trustPolicy.status === 'enabled', 'policies.trustPolicy'],
    [policies.retentionPolicy.status === 'enabled', 'policies.retentionPolicy: untagged manifests stay'],
    [policies.softDeletePolicy.status === 'enabled', 'policies.softDeletePolicy: what is deleted is gone'],
    [encryption.status === 'enabled', 'encryption: bytes are stored as they are'],
    [properties.networkRuleBypassAllowedForTasks, 'networkRuleBypassAllowedForTasks'],
    [properties.zoneRedundancy === 'Enabled', 'zoneRedundancy'],
    [properties.writableCacheRepos === 'Enabled', 'writableCacheRepos'],
    [properties.metadataSearch === 'Enabled', 'metadataSearch'],
    [properties.autoGeneratedDomainNameLabelScope !== 'Unsecure', 'autoGeneratedDomainNameLabelScope: the login server carries no hash'],
    [properties.roleAssignmentMode === 'AbacRepositoryPermissions', 'roleAssignmentMode: roles hold for the whole registry'],
    [properties.regionalEndpoints === 'Enabled', 'regionalEndpoints'],
    [properties.endpointProtocol !== 'IPv4', 'endpointProtocol: only IPv4 is served'],
    [identity !== undefined && identity.type !== 'None', 'identity: the registry acts for nobody'],
  ];
  return lines.filter(([holds]) => holds).map(([, line]) => line);
}
