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

/** What the mending of a connection's names needs to know besides the verdict. */
export interface Mending {
  readonly endpoint: string;
  readonly network: string | undefined;
  readonly registry: string;
  readonly location: string;
  readonly connection: string;
  readonly state: string;
  /** Name of the endpoint's zone group, if it has one. */
  readonly zoneGroup?: string | undefined;
  /** Name of the link by which the network sees the verdict's zone, where that is known. */
  readonly link?: string | undefined;
}

/**
 * The command that mends what is wrong with a name, to be typed as it is: remarks are the shell's comments. Undefined for what is right or cannot be told.
 * What has several causes at once is mended one after the other: the next evidence has the next command.
 */
export function fixOf(verdict: NameVerdict, of: Mending): string | undefined {
  const endpoint = parseResourceId(of.endpoint);
  const zone = verdict.zone === undefined ? undefined : parseResourceId(verdict.zone);
  if (verdict.status === 'NotApproved')
    return of.state === 'Disconnected'
      ? `postern network private-endpoint delete -g ${endpoint.resourceGroup} -n ${endpoint.name}`
      : `postern acr private-endpoint-connection approve -r ${of.registry} -n ${of.connection}`;
  if (verdict.status === 'NoZone')
    return `postern network private-dns zone create -g ${endpoint.resourceGroup} -n privatelink.${verdict.name.replace(/^[^.]+\.(?:[^.]+\.data\.)?/, '')}`;
  if (zone === undefined) return undefined;

  const at = `-g ${zone.resourceGroup} -z ${zone.name}`;
  const record = relativeName(verdict.name, zone.name);
  const add = `postern network private-dns record-set a add-record ${at} -n ${record} -a ${verdict.expected}`;
  const remove = (address: string): string => `postern network private-dns record-set a remove-record ${at} -n ${record} -a ${address} --keep-empty-record-set`;
  const wrong = verdict.resolved.filter((address) => address !== verdict.expected);
  const unlink = of.link === undefined ? undefined : `postern network private-dns link vnet delete ${at} -n ${of.link} --yes`;
  const linkTo = (group: string | undefined): string =>
    `postern network private-dns link vnet create -g ${group} -z ${zone.name} -n ${nameOf(of.network)} --virtual-network ${of.network} --registration-enabled false`;
  const zoneGroup = (id: string): string =>
    `postern network private-endpoint dns-zone-group create -g ${endpoint.resourceGroup} --endpoint-name ${endpoint.name} -n ${of.zoneGroup ?? 'default'} --private-dns-zone ${id} --zone-name acr`;
  switch (verdict.status) {
    case 'MissingRecord':
      return of.zoneGroup === undefined ? `${add}   # or, for all names of the endpoint: ${zoneGroup(zone.id)}` : add;
    case 'WrongAddress': {
      if (verdict.leadsTo === undefined) return [...wrong.map(remove), add].join(' && ');
      // Another endpoint has its address under this name: a zone holds one of the two, so that each network needs a zone of its own.
      const own = endpoint.resourceGroup === zone.resourceGroup ? `${endpoint.resourceGroup}-${nameOf(of.network)}` : (endpoint.resourceGroup as string);
      const ownZone = zone.id
        .replace(/(\/resourcegroups\/)[^/]+/i, `$1${own}`)
        .replace(/^\/subscriptions\/[^/]+/i, /^\/subscriptions\/[^/]+/i.exec(of.endpoint)?.[0] ?? '');
      return [
        ...(own === endpoint.resourceGroup ? [] : [`postern group create -n ${own} -l ${of.location}`]),
        `postern network private-dns zone create -g ${own} -n ${zone.name}`,
        ...(unlink === undefined ? [] : [unlink]),
        linkTo(own),
        zoneGroup(ownZone),
      ].join(' && ');
    }
    case 'AmbiguousAddress':
      return wrong.map(remove).join(' && ');
    case 'ZoneNotLinked':
      return of.network && linkTo(zone.resourceGroup);
    case 'Shadowed':
      return `${unlink ?? `postern network private-dns link vnet list ${at}`}   # this zone answers first; whoever else needs it in ${nameOf(of.network)} loses it`;
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
            name.why.replace(/'\/subscriptions\/[^']*\/([^/']+)'/gi, "'$1'"),
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
