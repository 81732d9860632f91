/** Microsoft.Network/networkInterfaces: addresses in subnets, made by clients for machines, or owned by a private endpoint. */
import { resourceType } from '#arm/resource-type.ts';
import { type DomainName, parseDomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';
import type { Json, JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import type { AddressFact } from '#topology/facts.ts';
import { invalidReference, keyOf, linkedRight, parentKeyOf } from '../references.ts';
import { choice, ipAddressText, propertiesSchema, reference } from '../schema-parts.ts';
import { configurationsOf, type IpConfiguration } from './address-plan.ts';
import { associationFaults } from './associations.ts';
import { subnets } from './subnets.ts';

/** The private endpoint that an interface belongs to; undefined for those that clients made. */
function endpointOf(nic: { body: { properties: JsonObject } }): string | undefined {
  return (nic.body.properties.privateEndpoint as { id: string } | undefined)?.id;
}

export const networkInterfaces = resourceType({
  type: 'Microsoft.Network/networkInterfaces',
  scope: 'resourceGroup',
  apiVersions: ['2026-01-01', '2025-05-01', '2024-05-01', '2022-01-01'],
  location: 'required',
  tags: true,
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][\w.-]{0,158}\w$/,
    message: "a network interface's name has letters, digits, '_', '.' and '-', starts with a letter or digit and ends with one of these or '_'",
  },
  properties: propertiesSchema({
    ipConfigurations: z
      .array(
        z.object({
          name: z.string().min(1).max(80),
          properties: z.object({
            subnet: reference(subnets.type),
            privateIPAddress: ipAddressText.optional(),
            privateIPAllocationMethod: choice('Dynamic', 'Static').default('Dynamic'),
            privateIPAddressVersion: choice('IPv4').default('IPv4'),
            primary: z.boolean().optional(),
          }),
        }),
      )
      .min(1),
    dnsSettings: z.object({ dnsServers: z.array(ipAddressText).default([]) }).optional(),
    enableAcceleratedNetworking: z.boolean().default(false),
    enableIPForwarding: z.boolean().default(false),
    networkSecurityGroup: reference('Microsoft.Network/networkSecurityGroups').optional(),
  }),

  async admit(draft, previous, { known, caller }) {
    const endpoint = previous && endpointOf(previous);
    if (endpoint !== undefined) {
      // docs/sources.md#network-interface-faults
      return [
        new Fault(
          'conflict',
          'CannotModifyNicAttachedToPrivateEndpoint',
          `Network interface ${previous?.id} is attached to private endpoint ${endpoint} and cannot be modified. Change the private endpoint instead.`,
        ),
      ];
    }
    const faults: Fault[] = await associationFaults(draft, previous, draft.body.location, { known, caller });
    const networks = new Set<ResourceKey>();
    const names = new Set<string>();
    for (const [index, { name, properties }] of configurationsOf(draft).entries()) {
      const target = `properties.ipConfigurations[${index}]`;
      if (names.has(name.toLowerCase())) faults.push(new Fault('invalid', 'DuplicateResourceName', `Two IP configurations are named '${name}'.`, { target }));
      names.add(name.toLowerCase());
      if (properties.privateIPAllocationMethod === 'Static' && properties.privateIPAddress === undefined) {
        faults.push(
          new Fault('invalid', 'PrivateIPAddressMissing', `IP configuration '${name}' is Static and gives no privateIPAddress.`, {
            target: `${target}.properties.privateIPAddress`,
          }),
        );
      }
      const { id } = properties.subnet;
      const network = parentKeyOf(id);
      networks.add(network);
      const refused = linkedRight(
        caller,
        { action: 'Microsoft.Network/networkInterfaces/write', scope: draft.resourceId.id },
        { action: 'Microsoft.Network/virtualNetworks/subnets/join/action', id },
        `${target}.properties.subnet.id`,
      );
      const place = await known.get(network);
      if (refused) faults.push(refused);
      else if (!(await known.get(keyOf(id))) || place?.body.location !== draft.body.location)
        faults.push(invalidReference(id, draft.resourceId.id, `${target}.properties.subnet.id`));
    }
    if (networks.size > 1) {
      faults.push(
        new Fault(
          'invalid',
          'SubnetsNotInSameVnet',
          `The IP configurations of network interface '${draft.resourceId.name}' are in more than one virtual network.`,
          {
            target: 'properties.ipConfigurations',
          },
        ),
      );
    }
    return faults;
  },

  async prepare(draft, previous, { allocateAddress, newGuid }) {
    const before = new Map((previous ? configurationsOf(previous) : []).map((configuration) => [configuration.name.toLowerCase(), configuration.properties]));
    const configurations = configurationsOf(draft);
    const wanted = ({ name, properties }: IpConfiguration): string | undefined => {
      if (properties.privateIPAllocationMethod === 'Static') return properties.privateIPAddress;
      const kept = before.get(name.toLowerCase());
      return kept && keyOf(kept.subnet.id) === keyOf(properties.subnet.id) ? kept.privateIPAddress : undefined;
    };
    const addresses = new Map<IpConfiguration, string>();
    // Given and kept addresses first: a new one must not take them.
    for (const fixed of [true, false]) {
      for (const configuration of configurations) {
        const address = wanted(configuration);
        if ((address !== undefined) !== fixed) continue;
        const subnet = keyOf(configuration.properties.subnet.id);
        addresses.set(configuration, await allocateAddress(subnet, { keepFor: draft.resourceId.key, ...(address === undefined ? {} : { wanted: address }) }));
      }
    }
    const primary = Math.max(
      configurations.findIndex(({ properties }) => properties.primary),
      0,
    );
    const ipConfigurations = configurations.map((configuration, index) => ({
      name: configuration.name,
      properties: { ...configuration.properties, privateIPAddress: addresses.get(configuration), primary: index === primary },
    }));
    return {
      body: { ...draft.body, properties: { ...draft.body.properties, ipConfigurations: ipConfigurations as unknown as Json } },
      hidden: { ...draft.hidden, resourceGuid: draft.hidden.resourceGuid ?? newGuid() },
    };
  },

  facts(resource) {
    const endpoint = endpointOf(resource);
    return configurationsOf(resource).map(({ properties }): AddressFact => {
      const link = properties.privateLinkConnectionProperties;
      return {
        kind: 'address',
        network: parentKeyOf(properties.subnet.id),
        subnet: keyOf(properties.subnet.id),
        nic: resource.key,
        address: properties.privateIPAddress,
        ...(endpoint !== undefined && link
          ? {
              endpoint: {
                endpoint: keyOf(endpoint),
                member: link.requiredMemberName,
                fqdns: link.fqdns.map(parseDomainName).filter((name): name is DomainName => name !== undefined),
              },
            }
          : {}),
      };
    });
  },

  async present(resource, { reader }) {
    const [machine] = await reader.referrers(resource.key, 'Microsoft.Compute/virtualMachines');
    return {
      ...resource.body.properties,
      ipConfigurations: configurationsOf(resource).map((configuration) => ({
        name: configuration.name,
        id: `${resource.id}/ipConfigurations/${configuration.name}`,
        type: 'Microsoft.Network/networkInterfaces/ipConfigurations',
        properties: { provisioningState: 'Succeeded', ...configuration.properties },
      })) as unknown as Json,
      ...(machine ? { virtualMachine: { id: machine.id } } : {}),
      nicType: 'Standard',
      ...(resource.hidden.resourceGuid === undefined ? {} : { resourceGuid: resource.hidden.resourceGuid }),
    };
  },

  async mayDelete(resource, { reader }) {
    const endpoint = endpointOf(resource);
    if (endpoint !== undefined) {
      return [
        new Fault(
          'conflict',
          'CannotModifyNicAttachedToPrivateEndpoint',
          `Network interface ${resource.id} is attached to private endpoint ${endpoint} and cannot be deleted. Delete the private endpoint instead.`,
        ),
      ];
    }
    const [machine] = await reader.referrers(resource.key, 'Microsoft.Compute/virtualMachines');
    if (!machine) return [];
    return [
      new Fault(
        'invalid',
        'NicInUse',
        `Network Interface ${resource.id} is used by existing resource ${machine.id}. In order to delete the network interface, it must be dissociated from the resource. To learn more, see aka.ms/deletenic.`,
      ),
    ];
  },

  unenforced(resource) {
    const { dnsSettings, enableIPForwarding, networkSecurityGroup } = resource.body.properties;
    const servers = (dnsSettings as { dnsServers?: string[] } | undefined)?.dnsServers ?? [];
    return [
      ...(servers.length > 0 ? ['dnsSettings.dnsServers: the machine asks 168.63.129.16 whatever stands here'] : []),
      ...(enableIPForwarding ? ['enableIPForwarding'] : []),
      ...(networkSecurityGroup ? ['networkSecurityGroup'] : []),
    ];
  },
});
