/** For tests: worlds with what people connect, and with one resource of every type that clients may write, locks excepted. */
import { ControlPlane, ENDPOINT, NETWORK, REGISTRY, SUBNET, ZONE } from './control-plane.fixture.ts';

/** A network that reaches a registry by an endpoint, its zone and its link. */
export async function wholeWorld(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  await plane.put(ZONE, { location: 'global' });
  await plane.put(`${ZONE}/virtualNetworkLinks/l`, {
    location: 'global',
    properties: { virtualNetwork: { id: plane.id(NETWORK) }, registrationEnabled: false },
  });
  await plane.put(ENDPOINT, plane.endpointBody());
  await plane.put(`${ENDPOINT}/privateDnsZoneGroups/zg`, {
    properties: { privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: plane.id(ZONE) } }] },
  });
  return plane;
}

/** One more resource of every type in that world. */
export async function furnishEveryType(plane: ControlPlane): Promise<void> {
  const network = (await plane.get(SUBNET)).body.id;
  await plane.put('Microsoft.Network/networkInterfaces/nic', {
    location: 'westeurope',
    properties: { ipConfigurations: [{ name: 'ip', properties: { subnet: { id: network } } }] },
  });
  await plane.put('Microsoft.ManagedIdentity/userAssignedIdentities/build', { location: 'westeurope' });
  await plane.put('Microsoft.Compute/virtualMachines/vm', {
    location: 'westeurope',
    identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [plane.id('Microsoft.ManagedIdentity/userAssignedIdentities/build')]: {} } },
    properties: {
      hardwareProfile: { vmSize: 'Standard_B1s' },
      osProfile: { computerName: 'vm', adminPassword: 'never kept' },
      networkProfile: { networkInterfaces: [{ id: plane.id('Microsoft.Network/networkInterfaces/nic') }] },
    },
  });
  await plane.put(`${ZONE}/A/www`, { properties: { ttl: 60, aRecords: [{ ipv4Address: '10.0.1.9' }], metadata: { by: 'hand' } } });
  await plane.put(`${ZONE}/AAAA/www`, { properties: { ttl: 60, aaaaRecords: [{ ipv6Address: 'fd00::1' }] } });
  await plane.put(`${ZONE}/CNAME/alias`, { properties: { ttl: 60, cnameRecord: { cname: 'www.privatelink.azurecr.io.' } } });
  await plane.put(`${ZONE}/MX/www`, { properties: { ttl: 60, mxRecords: [{ preference: 10, exchange: 'mail.example.com' }] } });
  await plane.put(`${ZONE}/PTR/www`, { properties: { ttl: 60, ptrRecords: [{ ptrdname: 'www.example.com' }] } });
  await plane.put(`${ZONE}/SRV/_https._tcp`, { properties: { ttl: 60, srvRecords: [{ priority: 1, weight: 2, port: 443, target: 'www.example.com' }] } });
  await plane.put(`${ZONE}/TXT/www`, { properties: { ttl: 60, txtRecords: [{ value: ['a', 'b'] }] } });
  await plane.put('Microsoft.Network/networkSecurityGroups/nsg', {
    location: 'westeurope',
    properties: {
      securityRules: [
        {
          name: 'web',
          properties: {
            protocol: 'Tcp',
            sourcePortRange: '*',
            destinationPortRange: '443',
            sourceAddressPrefix: '*',
            destinationAddressPrefix: '*',
            access: 'Allow',
            priority: 100,
            direction: 'Inbound',
          },
        },
      ],
    },
  });
  await plane.put('Microsoft.Network/routeTables/rt', {
    location: 'westeurope',
    properties: { routes: [{ name: 'all', properties: { addressPrefix: '0.0.0.0/0', nextHopType: 'None' } }] },
  });
  await plane.put(`${NETWORK}-2`, { location: 'westeurope', properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] } } });
  await plane.put(`${NETWORK}/virtualNetworkPeerings/there`, { properties: { remoteVirtualNetwork: { id: plane.id(`${NETWORK}-2`) } } });
  await plane.put(`${NETWORK}-2/virtualNetworkPeerings/back`, { properties: { remoteVirtualNetwork: { id: plane.id(NETWORK) } } });
  await plane.put('Microsoft.ManagedIdentity/userAssignedIdentities/build/federatedIdentityCredentials/one', {
    properties: { issuer: 'https://issuer.example.com', subject: 's', audiences: ['api://AzureADTokenExchange'] },
  });
  await plane.put(`${REGISTRY}/scopeMaps/ci-map`, { properties: { actions: ['repositories/app/content/read'] } });
  await plane.put(`${REGISTRY}/tokens/ci-token`, { properties: { scopeMapId: plane.id(`${REGISTRY}/scopeMaps/ci-map`) } });
  await plane.ask('POST', `${REGISTRY}/generateCredentials`, { tokenId: plane.id(`${REGISTRY}/tokens/ci-token`) });
  await plane.put(`${REGISTRY}/webhooks/tellme`, { location: 'westeurope', properties: { serviceUri: 'https://hooks.example.com', actions: ['push'] } });
  await plane.put(`${REGISTRY}/agentPools/mine`, { location: 'westeurope', properties: {} });
  await plane.put(`${REGISTRY}/cacheRules/rule-1`, { properties: { sourceRepository: 'ghcr.io/a/b', targetRepository: 'b' } });
  await plane.put(`${REGISTRY}/credentialSets/set-1`, {
    identity: { type: 'SystemAssigned' },
    properties: {
      loginServer: 'ghcr.io',
      authCredentials: [{ usernameSecretIdentifier: 'https://v.example.net/u', passwordSecretIdentifier: 'https://v.example.net/p' }],
    },
  });
  await plane.put(`${REGISTRY}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`, {
    properties: {
      roleDefinitionId: `${plane.subscription}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d`,
      principalId: '22222222-2222-4222-8222-222222222222',
    },
  });
  await plane.put(`${plane.subscription}/providers/Microsoft.Authorization/roleDefinitions/33333333-3333-4333-8333-333333333333`, {
    properties: { roleName: 'Looker', assignableScopes: [plane.subscription], permissions: [{ actions: ['*/read'] }] },
  });
}
