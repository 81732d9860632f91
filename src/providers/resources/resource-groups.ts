/** Microsoft.Resources/resourceGroups: what resources live in and are deleted with. */
import { resourceType } from '#arm/resource-type.ts';
import { propertiesSchema } from '../schema-parts.ts';

export const resourceGroups = resourceType({
  type: 'Microsoft.Resources/resourceGroups',
  scope: 'subscription',
  apiVersions: ['2025-04-01', '2024-03-01', '2022-09-01', '2021-04-01'],
  location: 'required',
  tags: true,
  name: {
    pattern: /^[-\p{L}\p{N}_.()]{0,89}[-\p{L}\p{N}_()]$/u,
    message: "a resource group's name has up to 90 letters, digits, '-', '_', '.', '(' and ')', and does not end with '.'",
  },
  properties: propertiesSchema({}),
});
