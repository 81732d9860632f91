/** `postern vm create`: a network interface, then the machine on it. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { command } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { NIC_TYPE, nicBody } from '../../network-interface.ts';
import { LOCATION, NO_WAIT, nameOption, RESOURCE_GROUP, TAGS } from '../../options.ts';
import { groupPath, idOf, locationOf, resourcePath } from '../../resources.ts';
import { SUBNET_TYPE } from '../../subnet-settings.ts';
import { apiVersionOf } from '../../versions.ts';

const TYPE = 'Microsoft.Compute/virtualMachines';
const IDENTITY_TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities';
/** What az calls the machine's own identity. */
const SYSTEM = '[system]';

export default command({
  path: 'vm create',
  summary: 'Create a virtual machine: a namespace of its own in a subnet, in which commands run.',
  options: [
    nameOption('virtual machine'),
    RESOURCE_GROUP,
    { name: 'vnet-name', kind: 'text', placeholder: 'NAME', summary: 'Name of the virtual network of the subnet.' },
    { name: 'subnet', kind: 'text', placeholder: 'NAME_OR_ID', summary: 'Name (with --vnet-name) or id of the subnet.' },
    { name: 'nics', kind: 'list', placeholder: 'NAME_OR_ID', summary: 'Existing network interfaces, in place of a subnet.' },
    { name: 'private-ip-address', kind: 'text', placeholder: 'ADDRESS', summary: 'A static address of the subnet.' },
    {
      name: 'assign-identity',
      kind: 'list',
      alone: [SYSTEM],
      placeholder: 'NAME_OR_ID',
      summary: `User-assigned identities, or ${SYSTEM} for one of the machine's own, which the flag alone means too.`,
    },
    { name: 'image', kind: 'text', summary: 'Accepted and kept; it changes nothing.' },
    { name: 'size', kind: 'text', summary: 'Accepted and kept; it changes nothing.' },
    { name: 'admin-username', kind: 'text', summary: 'Accepted and kept; it changes nothing.' },
    { name: 'generate-ssh-keys', kind: 'flag', summary: 'Accepted; it changes nothing.' },
    { name: 'public-ip-address', kind: 'text', summary: 'Accepted; machines have no public address of their own.' },
    { name: 'nsg', kind: 'text', summary: 'Accepted; it changes nothing.' },
    LOCATION,
    TAGS,
    NO_WAIT,
  ],
  notes: 'Next: `postern exec --vm NAME -- COMMAND` runs a command in it, `postern vm docker -g GROUP -n NAME` a Docker daemon.',
  examples: ['postern vm create -n vm-app -g rg --vnet-name vnet-app --subnet machines --assign-identity puller'],
  run: async (args, context) => {
    const group = args.need('resource-group');
    const name = args.need('name');
    const scope = await groupPath(context, group);
    const server = await context.management();
    const location = await locationOf(args, context, group);
    const tags = args.pairs('tags');
    const existing = args.list('nics');
    const subnet = args.text('subnet');
    const network = args.text('vnet-name');
    if (existing === undefined && (subnet === undefined || (!subnet.startsWith('/') && network === undefined)))
      throw new UsageError('incorrect usage: --subnet ID | --subnet NAME --vnet-name NAME | --nics NAME_OR_ID ...');
    const identities = await Promise.all(
      (args.list('assign-identity') ?? []).map(async (identity) => (identity === SYSTEM ? SYSTEM : idOf(context, identity, group, IDENTITY_TYPE))),
    );

    const nics: string[] = [];
    if (existing) for (const nic of existing) nics.push(await idOf(context, nic, group, NIC_TYPE));
    else {
      const path = resourcePath(scope, NIC_TYPE, [`${name}VMNic`]);
      const body = nicBody({
        location,
        tags,
        configuration: `ipconfig${name}`,
        subnet: await idOf(context, subnet as string, group, SUBNET_TYPE, [network ?? '']),
        address: args.text('private-ip-address'),
      });
      nics.push(String((await server.put(path, apiVersionOf(NIC_TYPE), body)).id));
    }
    const body = machineBody({
      name,
      location,
      tags,
      nics,
      identities,
      image: args.text('image'),
      size: args.text('size'),
      adminUsername: args.text('admin-username'),
    });
    const machine = await server.put(resourcePath(scope, TYPE, [name]), apiVersionOf(TYPE), body);
    const nic = await server.get(nics[0] as string, apiVersionOf(NIC_TYPE));
    return {
      fqdns: '',
      id: machine.id,
      ...(isJsonObject(machine.identity) ? { identity: machine.identity } : {}),
      location: machine.location,
      powerState: 'VM running',
      privateIpAddress: addressOf(nic),
      publicIpAddress: '',
      resourceGroup: group,
      zones: '',
    };
  },
});

/** The machine as `az vm create` deploys it, but for image, size and user: they mean nothing here, and are sent only when they were given. */
export function machineBody(options: {
  name: string;
  location: string;
  tags?: Record<string, string> | undefined;
  nics: readonly string[];
  identities: readonly string[];
  image?: string | undefined;
  size?: string | undefined;
  adminUsername?: string | undefined;
}): JsonObject {
  const own = options.identities.filter((identity) => identity !== SYSTEM);
  const kinds = [...(options.identities.includes(SYSTEM) ? ['SystemAssigned'] : []), ...(own.length > 0 ? ['UserAssigned'] : [])];
  return {
    location: options.location,
    ...(options.tags ? { tags: options.tags } : {}),
    ...(kinds.length === 0
      ? {}
      : { identity: { type: kinds.join(', '), ...(own.length > 0 ? { userAssignedIdentities: Object.fromEntries(own.map((id) => [id, {}])) } : {}) } }),
    properties: {
      ...(options.size === undefined ? {} : { hardwareProfile: { vmSize: options.size } }),
      ...(options.image === undefined ? {} : { storageProfile: { imageReference: imageReference(options.image) } }),
      ...(options.adminUsername === undefined ? {} : { osProfile: { computerName: options.name, adminUsername: options.adminUsername } }),
      networkProfile: { networkInterfaces: options.nics.map((id, index) => ({ id, properties: { primary: index === 0 } })) },
    },
  };
}

/** `PUBLISHER:OFFER:SKU:VERSION`, an id, or an alias. */
function imageReference(image: string): JsonObject {
  if (image.startsWith('/')) return { id: image };
  const [publisher, offer, sku, version] = image.split(':');
  return version === undefined ? { publisher: 'Postern', offer: image, sku: image, version: 'latest' } : { publisher, offer, sku, version };
}

function addressOf(nic: JsonObject): string {
  const properties = isJsonObject(nic.properties) ? nic.properties : {};
  const first = Array.isArray(properties.ipConfigurations) ? properties.ipConfigurations[0] : undefined;
  return isJsonObject(first) && isJsonObject(first.properties) ? String(first.properties.privateIPAddress ?? '') : '';
}
