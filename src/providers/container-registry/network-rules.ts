/** Network rules of registries: which addresses can come at all, and whether a virtual network rule's subnet may be named. */
import type { HookContext } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { parsePrefix, prefixCovers } from '#base/ip.ts';
import { parseResourceId } from '#base/resource-id.ts';
import { keyOf, parentKeyOf } from '../references.ts';

/** RFC 1918, RFC 6598, RFC 3927, RFC 1122: no packet from there reaches the public side. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', '127.0.0.0/8'].flatMap((text) => parsePrefix(text) ?? []);

/** The rules that admit private addresses only: pointless, and no fault (docs/sources.md#ip-rules). */
export function privateIpRules(rules: readonly { readonly value: string }[]): string[] {
  return rules
    .map(({ value }) => value)
    .filter((value) => {
      const prefix = parsePrefix(value);
      return prefix !== undefined && PRIVATE.some((range) => prefixCovers(range, prefix));
    });
}

/** The service that a subnet names to have its traffic known to registries. */
const SERVICE = 'Microsoft.ContainerRegistry';

/**
 * Whether the caller may admit a subnet's traffic (docs/sources.md#network-rule-validation): it may validate at the network and join by service endpoint at the subnet, the
 * subnet is there, its subscription knows registries, and it has the service endpoint. The first fault only: what comes after it is not for the caller's eyes.
 */
export async function networkRuleFault(subnetId: string, target: string, { known, caller, isRegistered }: HookContext): Promise<Fault | undefined> {
  const refuse = (why: string): Fault => new Fault('invalid', 'NetworkRuleValidationError', `Could not validate network rule - ${why}`, { target });
  const { resourceGroup, name, names } = parseResourceId(subnetId);
  const networkId = subnetId.slice(0, subnetId.toLowerCase().lastIndexOf('/subnets/'));
  const client = `The client '${caller.appId ?? caller.principalId}' with object id '${caller.principalId}'`;
  const rights = [
    ['Microsoft.Network/virtualNetworks/taggedTrafficConsumers/validate/action', parentKeyOf(subnetId), `${networkId}/taggedTrafficConsumers/${SERVICE}`],
    ['Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action', keyOf(subnetId), subnetId],
  ] as const;
  for (const [action, key, scope] of rights)
    if (!caller.may(action, key))
      return refuse(
        `${client} does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      );
  const subnet = await known.get(keyOf(subnetId));
  if (!subnet) return refuse(`The subnet '${subnetId}' was not found.`);
  if (!(await isRegistered(SERVICE, subnet.key)))
    return refuse(
      `The subscription of subnet '${subnet.id}' is not registered to use namespace '${SERVICE}'. Register it: az provider register --namespace ${SERVICE} --subscription ${parseResourceId(subnet.id).subscription}`,
    );
  const services = ((subnet.body.properties.serviceEndpoints ?? []) as unknown as { service: string }[]).map(({ service }) => service);
  if (services.some((service) => service.toLowerCase() === SERVICE.toLowerCase())) return undefined;
  return new Fault(
    'invalid',
    'SubnetsHaveNoServiceEndpointsConfigured',
    `Subnet ${name} of virtual network ${names[0]} does not have a service endpoint configured for ${SERVICE}. Add it: az network vnet subnet update -g ${resourceGroup} --vnet-name ${names[0]} -n ${name} --service-endpoints ${[...services, SERVICE].join(' ')}`,
    { target },
  );
}
