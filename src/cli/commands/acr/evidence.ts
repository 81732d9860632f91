/** `postern acr evidence`: what an auditor asks of a registry that is reached by private endpoint, from the server that enforces it. */
import { systemClock } from '#base/clock.ts';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { command } from '../../command.ts';
import { objectsWithIds } from '../../directory.ts';
import { type Evidence, evidenceText, fixOf, type Holder, type NameVerdict } from '../../evidence.ts';
import { UsageError } from '../../failure.ts';
import type { Management } from '../../management.ts';
import { nameOption, REGISTRY_GROUP } from '../../options.ts';
import { findRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);

/** What `/postern/evidence` answers. Ids are keys: lower case. */
interface Report {
  readonly revision: number;
  readonly connections: readonly {
    readonly endpoint: string;
    readonly state: string;
    readonly network?: string;
    readonly subnet?: string;
    readonly addresses: readonly { readonly member: string; readonly address: string }[];
    readonly status: string;
    readonly names: readonly NameVerdict[];
  }[];
  readonly networks: Evidence['networks'];
  readonly roles: {
    readonly registry: Readonly<Record<string, readonly Holder[]>>;
    readonly zones: readonly { readonly zone: string; readonly holders: readonly Holder[] }[];
  } | null;
}

export default command({
  path: 'acr evidence',
  summary: 'Show who reaches a registry, by which approval, where its names really lead in each network, and who could change that.',
  options: [nameOption('registry', { required: false }), REGISTRY_GROUP, { name: 'all', kind: 'flag', summary: 'Every registry of the subscription.' }],
  notes:
    'Names are resolved as the resolver of each network answers. Per connection the DNS status is Healthy, or says what is wrong and the command that mends it. What you may not read is left out or NotVisible.',
  examples: ['postern acr evidence --name myregistry -o table', 'postern acr evidence --all > evidence.json'],
  run: async (args, context) => {
    const name = args.text('name');
    if ((name === undefined) === (args.boolean('all') !== true)) throw new UsageError('usage error: --name REGISTRY | --all');
    const server = await context.management();
    const paths =
      name === undefined
        ? (await server.list(`${await context.subscriptionPath()}/providers/${REGISTRY_TYPE}`, VERSION)).map(({ id }) => String(id))
        : [await findRegistry(context, name, args.text('resource-group'))];
    const all: Evidence[] = [];
    for (const path of paths) all.push(await evidenceOn(server, path));
    if (context.format === 'table') {
      context.out(all.map(evidenceText).join('\n'));
      return undefined;
    }
    return name === undefined ? all : all[0];
  },
});

async function evidenceOn(server: Management, path: string): Promise<Evidence> {
  const registry = await server.get(path, VERSION);
  const id = String(registry.id);
  const report = (await server.ask('GET', `/postern/evidence?registry=${encodeURIComponent(id)}`)).body as unknown as Report;
  const decisions = await decisionsOn(server, id);
  const properties = isJsonObject(registry.properties) ? registry.properties : {};
  const rules = isJsonObject(properties.networkRuleSet) ? properties.networkRuleSet : {};
  const { registry: duties = {}, zones = [] } = report.roles ?? {};
  const holders = [...Object.values(duties).flat(), ...zones.flatMap((of) => of.holders)];
  const deciders = [...decisions.values()].flatMap(({ decidedBy }) => (typeof decidedBy === 'string' ? [decidedBy] : []));
  const people = await whoAre(server, [...new Set([...holders.map(({ principalId }) => principalId), ...deciders])]);
  const held = (list: readonly Holder[] | undefined): Holder[] =>
    (list ?? []).map((holder) => ({ ...holder, ...people.get(holder.principalId.toLowerCase()) }));
  const list = (value: Json | undefined): string[] => (Array.isArray(value) ? value.filter(isJsonObject).map((rule) => String(rule.value ?? rule.id)) : []);
  return {
    at: new Date(systemClock.now()).toISOString(),
    revision: report.revision,
    id,
    name: String(registry.name),
    loginServer: String(properties.loginServer),
    location: String(registry.location),
    sku: isJsonObject(registry.sku) ? String(registry.sku.name) : '',
    publicNetworkAccess: String(properties.publicNetworkAccess),
    networkRuleSet: { defaultAction: String(rules.defaultAction), ipRules: list(rules.ipRules), virtualNetworkRules: list(rules.virtualNetworkRules) },
    trustedServices: String(properties.networkRuleBypassOptions),
    exportPolicy: exportStatus(properties.policies),
    adminUserEnabled: properties.adminUserEnabled === true,
    anonymousPullEnabled: properties.anonymousPullEnabled === true,
    connections: await Promise.all(
      report.connections.map(async (connection) => {
        const decision = decisions.get(connection.endpoint.toLowerCase());
        const by = typeof decision?.decidedBy === 'string' ? decision.decidedBy : undefined;
        return {
          name: String(decision?.name ?? ''),
          privateEndpoint: String((isJsonObject(decision?.privateEndpoint) && decision.privateEndpoint.id) || connection.endpoint),
          state: connection.state,
          description: String(decision?.description ?? ''),
          decidedBy: by === undefined ? null : { principalId: by, ...people.get(by.toLowerCase()) },
          decidedAt: typeof decision?.decidedAt === 'string' ? decision.decidedAt : null,
          network: connection.network ?? null,
          subnet: connection.subnet ?? null,
          addresses: connection.addresses,
          dnsStatus: connection.status,
          names: await Promise.all(
            connection.names.map(async (name) => {
              if (name.status === 'Healthy') return name;
              const fix = fixOf(name, {
                endpoint: connection.endpoint,
                network: connection.network,
                registry: String(registry.name),
                location: String(registry.location),
                connection: String(decision?.name ?? ''),
                state: connection.state,
                zoneGroup: await zoneGroupOf(server, connection.endpoint),
                link: await linkOf(server, name.zone, connection.network),
              });
              return fix === undefined ? name : { ...name, fix };
            }),
          ),
        };
      }),
    ),
    networks: report.networks,
    roles:
      report.roles === null
        ? null
        : {
            ...Object.fromEntries(Object.entries(duties).map(([duty, of]) => [duty, held(of)])),
            changeDns: zones.flatMap(({ zone, holders: of }) => held(of).map((holder) => ({ ...holder, zone }))),
          },
  };
}

function exportStatus(policies: Json | undefined): string {
  const policy = isJsonObject(policies) && isJsonObject(policies.exportPolicy) ? policies.exportPolicy : {};
  return String(policy.status ?? 'enabled');
}

/** By private endpoint, lower case; none where the caller may not read connections. */
async function decisionsOn(server: Management, registry: string): Promise<Map<string, JsonObject>> {
  const value = await visibleOf(server, `${registry}/connectionDecisions`, REGISTRY_TYPE);
  return new Map(value.map((decision) => [isJsonObject(decision.privateEndpoint) ? String(decision.privateEndpoint.id).toLowerCase() : '', decision]));
}

/** The name of the endpoint's zone group, which there is one of at most. */
async function zoneGroupOf(server: Management, endpoint: string): Promise<string | undefined> {
  const [group] = await visibleOf(server, `${endpoint}/privateDnsZoneGroups`, 'Microsoft.Network/privateEndpoints');
  return group && String(group.name);
}

/** The name of the link by which a network sees a zone. */
async function linkOf(server: Management, zone: string | undefined, network: string | undefined): Promise<string | undefined> {
  if (zone === undefined || network === undefined) return undefined;
  const link = (await visibleOf(server, `${zone}/virtualNetworkLinks`, 'Microsoft.Network/privateDnsZones')).find(
    ({ properties }) =>
      isJsonObject(properties) && isJsonObject(properties.virtualNetwork) && String(properties.virtualNetwork.id).toLowerCase() === network.toLowerCase(),
  );
  return link && String(link.name);
}

/** A list's resources; none where the caller may not read them. */
async function visibleOf(server: Management, path: string, type: string): Promise<JsonObject[]> {
  const answer = await server.send('GET', `${path}?api-version=${apiVersionOf(type)}`);
  return answer.status === 200 && isJsonObject(answer.body) && Array.isArray(answer.body.value) ? answer.body.value.filter(isJsonObject) : [];
}

/** Names of principals, and the members of those that are groups; what the directory does not tell the caller is left out. */
async function whoAre(server: Management, ids: readonly string[]): Promise<Map<string, { name?: string; kind?: string; members?: string[] }>> {
  const people = new Map<string, { name?: string; kind?: string; members?: string[] }>();
  for (const object of (await objectsWithIds(server, ids)).values()) {
    const kind = String(object['@odata.type'] ?? '').replace('#microsoft.graph.', '');
    const name = String(object.userPrincipalName ?? object.displayName ?? object.appId ?? '');
    people.set(String(object.id).toLowerCase(), { name, kind, ...(kind === 'group' ? { members: await membersOf(server, String(object.id)) } : {}) });
  }
  return people;
}

async function membersOf(server: Management, group: string): Promise<string[]> {
  const answer = await server.send('GET', `/v1.0/groups/${encodeURIComponent(group)}/members`);
  const members = answer.status === 200 && isJsonObject(answer.body) && Array.isArray(answer.body.value) ? answer.body.value.filter(isJsonObject) : [];
  return members.map((member) => String(member.userPrincipalName ?? member.displayName ?? member.id));
}
