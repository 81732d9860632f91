/** Evidence on a registry: its shape as printed, its text for people, and the command that mends each thing that can be wrong with a name. */
import { parseResourceId } from '#base/resource-id.ts';

export interface Holder {
  readonly principalId: string;
  readonly role: string;
  readonly scope: string;
  readonly assignment: string;
  readonly conditional: boolean;
  readonly name?: string;
  readonly kind?: string;
  /** Who has it through the group that the principal is. */
  readonly members?: readonly string[];
  readonly zone?: string;
}

/** One name of an endpoint in its own network; the statuses are those of the server's `dns/evidence.ts`. */
export interface NameVerdict {
  readonly name: string;
  readonly expected: string;
  readonly rcode: string;
  readonly resolved: readonly string[];
  readonly status: string;
  readonly zone?: string;
  readonly leadsTo?: string;
  /** The command that mends it. */
  readonly fix?: string;
}

export interface Evidence {
  readonly at: string;
  readonly revision: number;
  readonly id: string;
  readonly name: string;
  readonly loginServer: string;
  readonly location: string;
  readonly sku: string;
  readonly publicNetworkAccess: string;
  readonly networkRuleSet: { readonly defaultAction: string; readonly ipRules: readonly string[]; readonly virtualNetworkRules: readonly string[] };
  readonly trustedServices: string;
  readonly exportPolicy: string;
  readonly adminUserEnabled: boolean;
  readonly anonymousPullEnabled: boolean;
  readonly connections: readonly {
    readonly name: string;
    readonly privateEndpoint: string;
    readonly state: string;
    readonly description: string;
    readonly decidedBy: { readonly principalId: string; readonly name?: string } | null;
    readonly decidedAt: string | null;
    readonly network: string | null;
    readonly subnet: string | null;
    readonly addresses: readonly { readonly member: string; readonly address: string }[];
    readonly dnsStatus: string;
    readonly names: readonly NameVerdict[];
  }[];
  readonly networks: readonly {
    readonly network: string;
    readonly zones: readonly string[];
    readonly names: readonly {
      readonly name: string;
      readonly addresses?: readonly string[];
      readonly by: string;
      readonly reached: boolean;
      readonly why: string;
    }[];
  }[];
  /** By what the role lets its holder do; null for a reader who may not read role assignments. */
  readonly roles: Readonly<Record<string, readonly Holder[]>> | null;
}

/** The command that mends what is wrong with a name; undefined for what is right or cannot be told. */
export function fixOf(
  verdict: NameVerdict,
  of: { readonly endpoint: string; readonly network: string | undefined; readonly registry: string; readonly connection: string; readonly state: string },
): string | undefined {
  const zone = verdict.zone === undefined ? undefined : parseResourceId(verdict.zone);
  const endpoint = parseResourceId(of.endpoint);
  const at = zone && `-g ${zone.resourceGroup} -z ${zone.name}`;
  const record = zone && relativeName(verdict.name, zone.name);
  const add = at && `postern network private-dns record-set a add-record ${at} -n ${record} -a ${verdict.expected}`;
  const remove = (address: string): string => `postern network private-dns record-set a remove-record ${at} -n ${record} -a ${address} --keep-empty-record-set`;
  const wrong = verdict.resolved.filter((address) => address !== verdict.expected);
  const group = `postern network private-endpoint dns-zone-group create -g ${endpoint.resourceGroup} --endpoint-name ${endpoint.name} -n default --private-dns-zone`;
  switch (verdict.status) {
    case 'NotApproved':
      return of.state === 'Disconnected'
        ? `postern network private-endpoint delete -g ${endpoint.resourceGroup} -n ${endpoint.name}`
        : `postern acr private-endpoint-connection approve -r ${of.registry} -n ${of.connection}`;
    case 'MissingRecord':
      return zone && `${group} ${zone.id} --zone-name acr   (or by hand: ${add})`;
    case 'WrongAddress':
      // Somebody else's endpoint has its name in the same zone: one of the two needs a zone of its own.
      return verdict.leadsTo === undefined
        ? at && [...wrong.map(remove), add].join(' && ')
        : `postern network private-dns zone create -g ${endpoint.resourceGroup} -n ${zone?.name}   (a zone of its own for ${nameOf(of.network)}: link it there instead of ${verdict.zone})`;
    case 'AmbiguousAddress':
      return at && wrong.map(remove).join(' && ');
    case 'ZoneNotLinked':
      return (
        zone &&
        of.network &&
        `postern network private-dns link vnet create -g ${zone.resourceGroup} -z ${zone.name} -n ${nameOf(of.network)} --virtual-network ${of.network} --registration-enabled false`
      );
    case 'NoZone':
      return `postern network private-dns zone create -g ${endpoint.resourceGroup} -n privatelink.${verdict.name.replace(/^[^.]+\.(?:[^.]+\.data\.)?/, '')}`;
    case 'Shadowed':
      return (
        zone &&
        `postern network private-dns link vnet list -g ${zone.resourceGroup} -z ${zone.name}   (delete the one of ${nameOf(of.network)}: this zone answers first)`
      );
    default:
      return undefined;
  }
}

/** The name of a registry's host within a private link zone, or within any zone above. */
function relativeName(host: string, zone: string): string {
  const link = zone.startsWith('privatelink.') ? zone.slice('privatelink.'.length) : zone;
  return host.endsWith(`.${link}`) ? host.slice(0, -link.length - 1) : host;
}

function nameOf(id: string | undefined | null): string {
  return id === undefined || id === null || id === '' ? '-' : (id.split('/').pop() as string);
}

const DUTIES: Readonly<Record<string, string>> = {
  approveConnections: 'approve connections',
  openPublicAccess: 'open public access',
  assignRoles: 'assign roles',
  push: 'push',
  pull: 'pull',
  changeDns: 'change DNS',
};

/** The evidence as tables, one registry after the other. */
export function evidenceText(evidence: Evidence): string {
  const { networkRuleSet: rules } = evidence;
  const sections: [string, readonly (readonly string[])[]][] = [
    [
      '',
      [
        ['Registry', evidence.loginServer],
        ['SKU', evidence.sku],
        ['Public access', evidence.publicNetworkAccess],
        ['Default action', rules.defaultAction],
        ['Rules', [...rules.ipRules, ...rules.virtualNetworkRules].join(' ') || 'none'],
        ['Trusted services', evidence.trustedServices],
        ['Exports', evidence.exportPolicy],
        ['As of', `${evidence.at}, revision ${evidence.revision}`],
      ],
    ],
    [
      'Connections',
      headed(
        ['Endpoint', 'State', 'By', 'When', 'Subnet', 'Addresses', 'DNS'],
        evidence.connections.map((one) => [
          nameOf(one.privateEndpoint),
          one.state,
          one.decidedBy?.name ?? one.decidedBy?.principalId ?? '-',
          one.decidedAt ?? '-',
          one.subnet === null ? '-' : `${nameOf(one.network)}/${nameOf(one.subnet)}`,
          one.addresses.map(({ address }) => address).join(' '),
          one.dnsStatus,
        ]),
      ),
    ],
    [
      'Names',
      headed(
        ['Endpoint', 'Name', 'Expected', 'Resolved', 'Status'],
        evidence.connections.flatMap((one) =>
          one.names.map((name) => [nameOf(one.privateEndpoint), name.name, name.expected, name.resolved.join(' ') || name.rcode, name.status]),
        ),
      ),
    ],
    [
      'Networks',
      headed(
        ['Network', 'Zones', 'Name', 'Resolved', 'Leads to', 'Why'],
        evidence.networks.flatMap(({ network, zones, names }) =>
          names.map((name) => [
            nameOf(network),
            zones.map(nameOf).join(' ') || '-',
            name.name,
            name.addresses?.join(' ') || '-',
            `${name.by}${name.reached ? '' : ', refused'}`,
            name.why,
          ]),
        ),
      ),
    ],
    [
      'Who could',
      evidence.roles === null
        ? [['You may not read the role assignments.']]
        : headed(
            ['What', 'Who', 'Role', 'Scope', 'Through'],
            Object.entries(evidence.roles).flatMap(([duty, holders]) =>
              holders.map((holder) => [
                `${DUTIES[duty] ?? duty}${holder.zone === undefined ? '' : ` (${nameOf(holder.zone)})`}`,
                holder.name ?? holder.principalId,
                `${holder.role}${holder.conditional ? ', conditional' : ''}`,
                holder.scope,
                holder.kind === 'group' ? `group: ${holder.members?.join(', ') || 'nobody'}` : '-',
              ]),
            ),
          ),
    ],
    ['To mend', evidence.connections.flatMap((one) => one.names.flatMap(({ name, fix }) => (fix === undefined ? [] : [[`${name}:`, fix]])))],
  ];
  return sections
    .filter(([, rows]) => rows.length > 0)
    .map(([heading, rows]) => `${heading === '' ? '' : `${heading}\n`}${columns(rows)}`)
    .join('\n');
}

/** The rows below their headings; none when there are no rows. */
function headed(headings: readonly string[], rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return rows.length === 0 ? [] : [headings, headings.map((heading) => '-'.repeat(heading.length)), ...rows];
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  ')}\n`).join('');
}
