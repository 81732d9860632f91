/** The built-in roles: Azure's own ids, names and permissions (learn.microsoft.com/azure/role-based-access-control/built-in-roles). */
import type { OwnedResource } from '#arm/resource-type.ts';

export const ROLE_DEFINITION_TYPE = 'Microsoft.Authorization/roleDefinitions';

function role(guid: string, roleName: string, description: string, actions: string[], notActions: string[] = []): OwnedResource {
  return {
    id: `/providers/${ROLE_DEFINITION_TYPE}/${guid}`,
    body: {
      properties: {
        roleName,
        type: 'BuiltInRole',
        description,
        assignableScopes: ['/'],
        permissions: [{ actions, notActions, dataActions: [], notDataActions: [] }],
      },
    },
  };
}

const COMMON = [
  'Microsoft.Insights/alertRules/*',
  'Microsoft.Resources/deployments/*',
  'Microsoft.Resources/subscriptions/resourceGroups/read',
  'Microsoft.Support/*',
];

export const builtInRoles: readonly OwnedResource[] = [
  role('8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'Owner', 'Grants full access to manage all resources, including the right to assign roles.', ['*']),
  role(
    'b24988ac-6180-42a0-ab88-20f7382dd24c',
    'Contributor',
    'Grants full access to manage all resources, but not to assign roles.',
    ['*'],
    [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
      'Microsoft.Blueprint/blueprintAssignments/write',
      'Microsoft.Blueprint/blueprintAssignments/delete',
      'Microsoft.Compute/galleries/share/action',
      'Microsoft.Purview/consents/write',
      'Microsoft.Purview/consents/delete',
      'Microsoft.Resources/deploymentStacks/manageDenySetting/action',
      'Microsoft.Subscription/cancel/action',
      'Microsoft.Subscription/enable/action',
    ],
  ),
  role('acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader', 'Sees all resources and changes none.', ['*/read']),
  role('18d7d88d-d35e-4fb5-a5c3-7773c20a72d9', 'User Access Administrator', 'Manages the access of others.', [
    '*/read',
    'Microsoft.Authorization/*',
    'Microsoft.Support/*',
  ]),
  role('4d97b98b-1d4f-4787-a291-c67834d212e7', 'Network Contributor', 'Manages networks, not the access to them.', [
    'Microsoft.Authorization/*/read',
    'Microsoft.Network/*',
    'Microsoft.ResourceHealth/availabilityStatuses/read',
    ...COMMON,
  ]),
  role('b12aa53e-6015-4669-85d0-8515ebb3ae7f', 'Private DNS Zone Contributor', 'Manages private DNS zones, not the networks they are linked to.', [
    'Microsoft.Authorization/*/read',
    'Microsoft.Network/privateDnsZones/*',
    'Microsoft.Network/privateDnsOperationResults/*',
    'Microsoft.Network/privateDnsOperationStatuses/*',
    'Microsoft.Network/virtualNetworks/read',
    'Microsoft.Network/virtualNetworks/join/action',
    ...COMMON,
  ]),
  role('7f951dda-4ed3-4680-a7ca-43fe172d538d', 'AcrPull', 'Pulls artifacts from a registry.', ['Microsoft.ContainerRegistry/registries/pull/read']),
  role('8311e382-0749-4cb8-b61a-304f252e45ec', 'AcrPush', 'Pushes artifacts to and pulls them from a registry.', [
    'Microsoft.ContainerRegistry/registries/pull/read',
    'Microsoft.ContainerRegistry/registries/push/write',
  ]),
  role('c2f4ef07-c644-48eb-af81-4b1b4947fb11', 'AcrDelete', 'Deletes repositories, tags and manifests of a registry.', [
    'Microsoft.ContainerRegistry/registries/artifacts/delete',
  ]),
];
