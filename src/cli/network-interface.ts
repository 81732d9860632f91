/** The body of a network interface, for `nic create` and `vm create`. */
import type { JsonObject } from '#base/json.ts';

export const NIC_TYPE = 'Microsoft.Network/networkInterfaces';

export function nicBody(options: {
  location: string;
  tags?: Record<string, string> | undefined;
  configuration: string;
  subnet: string;
  address?: string | undefined;
}): JsonObject {
  const { address } = options;
  return {
    location: options.location,
    ...(options.tags ? { tags: options.tags } : {}),
    properties: {
      ipConfigurations: [
        {
          name: options.configuration,
          properties: {
            ...(address === undefined ? {} : { privateIPAddress: address }),
            privateIPAllocationMethod: address === undefined ? 'Dynamic' : 'Static',
            subnet: { id: options.subnet },
          },
        },
      ],
    },
  };
}
