/** `postern network private-endpoint create`. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../../../command.ts';
import { UsageError } from '../../../failure.ts';
import { flatten } from '../../../flatten.ts';
import { LOCATION, NO_WAIT, nameOption, RESOURCE_GROUP, TAGS } from '../../../options.ts';
import { groupPath, idOf, locationOf, resourcePath } from '../../../resources.ts';
import { SUBNET_TYPE } from '../../../subnet-settings.ts';
import { apiVersionOf } from '../../../versions.ts';

const TYPE = 'Microsoft.Network/privateEndpoints';

export default command({
  path: 'network private-endpoint create',
  summary: 'Create a private endpoint.',
  options: [
    nameOption('private endpoint'),
    RESOURCE_GROUP,
    { name: 'subnet', kind: 'text', placeholder: 'NAME_OR_ID', required: true, summary: 'Name (with --vnet-name) or id of the subnet.' },
    { name: 'vnet-name', kind: 'text', placeholder: 'NAME', summary: 'Name of the virtual network of the subnet.' },
    { name: 'private-connection-resource-id', kind: 'text', placeholder: 'ID', required: true, summary: 'Id of the registry to connect to.' },
    { name: 'group-ids', aliases: ['group-id'], kind: 'list', placeholder: 'GROUP_ID', summary: "What of it to connect to: 'registry'." },
    { name: 'connection-name', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the connection.' },
    { name: 'manual-request', kind: 'boolean', summary: "Whether the registry's owner must approve by hand." },
    { name: 'request-message', kind: 'text', summary: 'A message to the one who approves.' },
    { name: 'nic-name', kind: 'text', placeholder: 'NAME', summary: 'Name of the network interface.' },
    {
      name: 'ip-config',
      aliases: ['ip-configs'],
      kind: 'list',
      repeat: true,
      placeholder: 'KEY=VALUE',
      summary: 'A static address: name=N group-id=registry member-name=registry private-ip-address=A. Start each further one with its name=.',
    },
    LOCATION,
    TAGS,
    NO_WAIT,
  ],
  examples: [
    'postern network private-endpoint create -n pe-registry -g rg --vnet-name vnet-app --subnet endpoints \\',
    '    --private-connection-resource-id $(postern acr show -n myregistry --query id -o tsv) --group-ids registry --connection-name con',
  ],
  run: async (args, context) => {
    const group = args.need('resource-group');
    const subnet = args.need('subnet');
    const network = args.text('vnet-name');
    if (!subnet.startsWith('/') && network === undefined) throw new UsageError('incorrect usage: --subnet ID | --subnet NAME --vnet-name NAME');
    const groupIds = args.list('group-ids');
    const message = args.text('request-message');
    const manual = args.boolean('manual-request') === true;
    const connection: JsonObject = {
      name: args.need('connection-name'),
      properties: {
        ...(groupIds === undefined ? {} : { groupIds: [...groupIds] }),
        privateLinkServiceId: args.need('private-connection-resource-id'),
        ...(manual && message !== undefined ? { requestMessage: message } : {}),
      },
    };
    const nic = args.text('nic-name');
    const addresses = ipConfigurations(args.list('ip-config') ?? []);
    const tags = args.pairs('tags');
    const body: JsonObject = {
      location: await locationOf(args, context, group),
      ...(tags ? { tags } : {}),
      properties: {
        [manual ? 'manualPrivateLinkServiceConnections' : 'privateLinkServiceConnections']: [connection],
        subnet: { id: await idOf(context, subnet, group, SUBNET_TYPE, [network ?? '']) },
        ...(nic === undefined ? {} : { customNetworkInterfaceName: nic }),
        ...(addresses.length === 0 ? {} : { ipConfigurations: addresses }),
      },
    };
    const path = resourcePath(await groupPath(context, group), TYPE, [args.need('name')]);
    return flatten(await (await context.management()).put(path, apiVersionOf(TYPE), body));
  },
});

const IP_KEYS: Readonly<Record<string, string>> = { 'group-id': 'groupId', 'member-name': 'memberName', 'private-ip-address': 'privateIPAddress' };

/** `name=a group-id=registry ... name=b ...` as ARM's ipConfigurations. @throws UsageError for a word that is no such pair. */
export function ipConfigurations(words: readonly string[]): JsonObject[] {
  const all: { name: string; properties: JsonObject }[] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    const [key, value] = [word.slice(0, at), word.slice(at + 1)];
    const last = all.at(-1);
    if (at > 0 && key === 'name') all.push({ name: value, properties: {} });
    else if (at > 0 && IP_KEYS[key] !== undefined && last) last.properties[IP_KEYS[key]] = value;
    else throw new UsageError(`argument --ip-config: '${word}' is not understood; give name= first, then ${Object.keys(IP_KEYS).join('=, ')}=`);
  }
  return all as unknown as JsonObject[];
}
