/** What a registry may be: the rules of its tiers (docs/sources.md#tier-faults). Rules marked "ours" have no public source; they follow their family's wording. */
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { privateIpRules } from './network-rules.ts';
import type { RegistryProperties } from './registry-properties.ts';
import { type CountedChild, featureNotSupported, featureQuotaExceeded, type Sku, TIERS } from './tiers.ts';

/** A registry as a write would leave it, and what stands around it. */
export interface Proposal {
  readonly name: string;
  readonly sku: Sku;
  readonly properties: RegistryProperties;
  readonly before: { readonly sku: Sku; readonly properties: RegistryProperties } | undefined;
  /** Names of its private endpoint connections. */
  readonly connections: readonly string[];
  /** Regions of its replications, the home region not among them. */
  readonly replicas: readonly string[];
  /** Names of its other children by the last part of their type (`webhooks`), where the change needs to know them: on a downgrade. */
  readonly children: Readonly<Record<string, readonly string[]>>;
}

/** What it says of one proposal: nothing (undefined, false), or a fault. */
type Rule = (proposal: Proposal) => Fault | undefined | false;

const invalid = (code: string, message: string, target?: string): Fault => new Fault('invalid', code, message, target === undefined ? {} : { target });

const RANK: Readonly<Record<Sku, number>> = { Basic: 0, Standard: 1, Premium: 2 };

/** Whether the registry is to go to a lower tier. */
export function isDowngrade(before: Sku, after: Sku): boolean {
  return RANK[after] < RANK[before];
}

const downgraded = ({ before, sku }: Proposal): boolean => before !== undefined && isDowngrade(before.sku, sku);

/** How many names a refusal lists of what there may be thousands. */
const NAMED = 10;

/** The fault with what removes the obstacle, when it is one of a downgrade: whoever only asks for a feature needs another tier, not a command. */
function withRemedy(proposal: Proposal, fault: Fault, ...commands: readonly string[]): Fault {
  if (!downgraded(proposal)) return fault;
  const more = commands.length > NAMED ? ` and ${commands.length - NAMED} more like it` : '';
  return new Fault(
    fault.kind,
    fault.code,
    `${fault.message} First: ${commands.slice(0, NAMED).join('; ')}${more}.`,
    fault.target ? { target: fault.target } : {},
  );
}

/** A feature of Premium that the proposal uses in another tier. */
function premiumOnly(
  uses: (proposal: Proposal) => boolean,
  feature: string,
  target: string,
  commands: (proposal: Proposal) => readonly string[],
  code?: string,
): Rule {
  return (proposal) =>
    proposal.sku !== 'Premium' && uses(proposal) && withRemedy(proposal, featureNotSupported(feature, proposal.sku, target, code), ...commands(proposal));
}

/** Children of which a lower tier has fewer or none (docs/sources.md#downgrade). */
function tooMany(collection: CountedChild, command: string): Rule {
  return (proposal) => {
    const { name, sku } = proposal;
    const [count, limit] = [proposal.children[collection]?.length ?? 0, TIERS[sku][collection]];
    return (
      downgraded(proposal) &&
      count > limit &&
      invalid(
        'QuotaExceeded',
        `Quota exceeded for resource type ${collection} for the registry SKU ${sku}: registry '${name}' has ${count}, and ${sku} has ${limit}. First delete ${count - limit} of them: az acr ${command} delete -r ${name} -n NAME. Learn more about different SKU quotas and upgrade process: https://aka.ms/acr/tiers`,
        'sku.name',
      )
    );
  };
}

const update =
  (flags: string) =>
  ({ name }: Proposal): string[] => [`az acr update -n ${name} ${flags}`];

const rules: readonly Rule[] = [
  (proposal) =>
    proposal.properties.publicNetworkAccess === 'Disabled' &&
    proposal.sku !== 'Premium' &&
    withRemedy(
      proposal,
      invalid(
        'DisablingPublicNetworkAccessNotSupported',
        `Disabling public network access is not supported for the SKU ${proposal.sku}. For more information, please visit https://aka.ms/acr/private-link.`,
        'properties.publicNetworkAccess',
      ),
      `az acr update -n ${proposal.name} --public-network-enabled true`,
    ),
  premiumOnly(
    ({ properties: { networkRuleSet } }) =>
      networkRuleSet.defaultAction === 'Deny' || networkRuleSet.ipRules.length > 0 || networkRuleSet.virtualNetworkRules.length > 0,
    'virtual network rule',
    'properties.networkRuleSet',
    ({ name, properties: { networkRuleSet } }) => [
      ...(networkRuleSet.defaultAction === 'Deny' ? [`az acr update -n ${name} --default-action Allow`] : []),
      ...networkRuleSet.ipRules.map(({ value }) => `az acr network-rule remove -n ${name} --ip-address ${value}`),
      ...networkRuleSet.virtualNetworkRules.map(({ id }) => `az acr network-rule remove -n ${name} --subnet ${id}`),
    ],
    'NetworkRuleNotSupported',
  ),
  ({ sku, properties: { networkRuleSet } }) =>
    sku === 'Premium' &&
    networkRuleSet.ipRules.length > TIERS[sku].ipRules &&
    featureQuotaExceeded('IP rule', TIERS[sku].ipRules, sku, 'properties.networkRuleSet.ipRules'),
  ({ sku, properties: { networkRuleSet } }) =>
    sku === 'Premium' &&
    networkRuleSet.virtualNetworkRules.length > TIERS[sku].virtualNetworkRules &&
    featureQuotaExceeded('virtual network rule', TIERS[sku].virtualNetworkRules, sku, 'properties.networkRuleSet.virtualNetworkRules'),
  // docs/sources.md#rules-or-endpoints; the code is ours. Rules that stand may be taken away one by one.
  ({ name, properties: { networkRuleSet }, before, connections }) => {
    const had = new Set(before?.properties.networkRuleSet.virtualNetworkRules.map(({ id }) => id.toLowerCase()));
    const added = networkRuleSet.virtualNetworkRules.some(({ id }) => !had.has(id.toLowerCase()));
    const remove = connections.slice(0, NAMED).map((connection) => `az acr private-endpoint-connection delete -r ${name} -n ${connection}`);
    return (
      added &&
      connections.length > 0 &&
      invalid(
        'VirtualNetworkRulesWithPrivateEndpointsNotSupported',
        `Registry '${name}' has private endpoint connections (${connections.length}): virtual network rules and private endpoints exclude each other. Remove the endpoints first: ${remove.join('; ')}.`,
        'properties.networkRuleSet.virtualNetworkRules',
      )
    );
  },
  // The code is ours.
  premiumOnly(
    ({ properties }) => properties.dataEndpointEnabled === true,
    'data endpoint rule',
    'properties.dataEndpointEnabled',
    update('--data-endpoint-enabled false'),
    'DataEndpointNotSupported',
  ),
  // Ours: the portal greys the switch out.
  ({ name, properties, connections }) =>
    properties.dataEndpointEnabled === false &&
    connections.length > 0 &&
    invalid(
      'DataEndpointRequiredByPrivateEndpoints',
      `The data endpoint of registry '${name}' cannot be turned off while it has private endpoint connections: ${connections.join(', ')}.`,
      'properties.dataEndpointEnabled',
    ),
  (proposal) =>
    proposal.properties.anonymousPullEnabled &&
    proposal.sku === 'Basic' &&
    withRemedy(
      proposal,
      invalid(
        'BadRequest',
        'Anonymous pull is not supported for SKU Managed_Basic. For more information on SKU tiers, please visit https://aka.ms/acr/tiers.',
        'properties.anonymousPullEnabled',
      ),
      `az acr update -n ${proposal.name} --anonymous-pull-enabled false`,
    ),
  // docs/sources.md#downgrade: replicas go first; that endpoints do too is ours.
  (proposal) =>
    downgraded(proposal) &&
    proposal.connections.length > 0 &&
    withRemedy(
      proposal,
      invalid(
        'PrivateEndpointNotSupported',
        `The requested feature private endpoint connection is not supported for the SKU ${proposal.sku}. Registry '${proposal.name}' has private endpoint connections (${proposal.connections.length}).`,
        'sku.name',
      ),
      ...proposal.connections.map((connection) => `az acr private-endpoint-connection delete -r ${proposal.name} -n ${connection}`),
    ),
  premiumOnly(
    ({ replicas }) => replicas.length > 0,
    'geo-replication',
    'sku.name',
    ({ name, replicas }) => replicas.map((region) => `az acr replication delete -r ${name} -n ${region}`),
  ),
  premiumOnly(
    ({ children }) => (children.agentPools ?? []).length > 0,
    'agent pool',
    'sku.name',
    ({ name, children }) => (children.agentPools ?? []).map((pool) => `az acr agentpool delete -r ${name} -n ${pool}`),
  ),
  tooMany('webhooks', 'webhook'),
  tooMany('tokens', 'token'),
  tooMany('scopeMaps', 'scope-map'),
  // docs/sources.md#export-policy, in its order. Public access that is enabled again is told in words of its own.
  premiumOnly(
    ({ properties }) => properties.policies.exportPolicy.status === 'disabled',
    'export policy',
    'properties.policies.exportPolicy.status',
    update('--allow-exports true'),
  ),
  ({ name, properties, before, connections }) =>
    before?.properties.policies.exportPolicy.status === 'enabled' &&
    properties.policies.exportPolicy.status === 'disabled' &&
    connections.length === 0 &&
    invalid(
      'BadRequest',
      `Disabling exports is not supported because the registry '${name}' has no private endpoint connection: with exports disabled it would be out of reach.`,
      'properties.policies.exportPolicy.status',
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
  // docs/sources.md#premium-policies
  premiumOnly(
    ({ properties }) => properties.policies.retentionPolicy.status === 'enabled',
    'retention policy',
    'properties.policies.retentionPolicy.status',
    ({ name }) => [`az acr config retention update -r ${name} --status disabled --type UntaggedManifests`],
  ),
  premiumOnly(
    ({ properties }) => properties.policies.trustPolicy.status === 'enabled',
    'content trust',
    'properties.policies.trustPolicy.status',
    ({ name }) => [`az acr config content-trust update -r ${name} --status disabled`],
  ),
  premiumOnly(
    ({ properties }) => properties.encryption.status === 'enabled',
    'customer-managed key',
    'properties.encryption.status',
    ({ name }) => [`create another registry without a customer-managed key and import the images of ${name}: encryption is fixed at creation`],
  ),
  premiumOnly(
    ({ properties }) => properties.regionalEndpoints === 'Enabled',
    'regional endpoints',
    'properties.regionalEndpoints',
    update('--regional-endpoints disabled'),
  ),
  premiumOnly(
    ({ properties }) => properties.endpointProtocol !== 'IPv4',
    'dual-stack endpoints',
    'properties.endpointProtocol',
    update('--endpoint-protocol IPv4'),
  ),
  // docs/sources.md#premium-policies
  ({ name, properties, connections }) =>
    properties.endpointProtocol !== 'IPv4' &&
    properties.dataEndpointEnabled !== true &&
    connections.length === 0 &&
    invalid(
      'BadRequest',
      `The endpoint protocol IPv4AndIPv6 needs the data endpoint of registry '${name}': az acr update -n ${name} --data-endpoint-enabled true.`,
      'properties.endpointProtocol',
    ),
  // docs/sources.md#soft-delete
  ({ name, properties: { policies }, before, replicas }) => {
    if (policies.softDeletePolicy.status !== 'enabled') return undefined;
    const against =
      policies.retentionPolicy.status === 'enabled'
        ? `its retention policy is enabled: az acr config retention update -r ${name} --status disabled --type UntaggedManifests`
        : replicas.length > 0
          ? `it is geo-replicated to ${replicas.join(', ')}: az acr replication delete -r ${name} -n ${replicas[0]}`
          : undefined;
    const turned = before?.properties.policies.softDeletePolicy.status === 'enabled' ? 'retentionPolicy' : 'softDeletePolicy';
    return (
      against !== undefined &&
      invalid('BadRequest', `Soft delete is not supported for registry '${name}' while ${against}.`, `properties.policies.${turned}.status`)
    );
  },
  ({ properties }) =>
    properties.encryption.status === 'enabled' &&
    properties.encryption.keyVaultProperties === undefined &&
    invalid('BadRequest', 'Encryption with a customer-managed key needs keyVaultProperties.', 'properties.encryption.keyVaultProperties'),
];

/** Every rule that the proposal breaks. */
export function objections(proposal: Proposal): Fault[] {
  return rules.map((rule) => rule(proposal)).filter((fault) => fault instanceof Fault);
}

/** Settings that are stored and shown and do nothing yet, or cannot do what they say. */
export function unenforcedSettings(properties: RegistryProperties, identity: JsonObject | undefined): string[] {
  const { policies, networkRuleSet, encryption } = properties;
  const lines: [boolean, string][] = [
    [networkRuleSet.virtualNetworkRules.length > 0, 'networkRuleSet.virtualNetworkRules: not enforced, service endpoints admit nobody'],
    ...privateIpRules(networkRuleSet.ipRules).map((value): [boolean, string] => [
      true,
      `networkRuleSet.ipRules: ${value} is private, and no client comes to the public side from there; reach it by a private endpoint`,
    ]),
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
