/** `postern acr show-endpoints`: the hosts that a client must be let through to. */
import { isJsonObject } from '#base/json.ts';
import { command } from '../../command.ts';
import { nameOption, RESOURCE_GROUP } from '../../options.ts';
import { findRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

export default command({
  path: 'acr show-endpoints',
  summary: "Show a registry's login server and data endpoints.",
  options: [nameOption('registry'), { ...RESOURCE_GROUP, required: false }],
  columns: { LoginServer: 'loginServer', Region: 'region', Endpoint: 'endpoint' },
  run: async (args, context) => {
    const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
    const registry = await (await context.management()).get(path, apiVersionOf(REGISTRY_TYPE));
    const properties = isJsonObject(registry.properties) ? registry.properties : {};
    const hosts = Array.isArray(properties.dataEndpointHostNames) ? properties.dataEndpointHostNames.map(String) : [];
    if (properties.dataEndpointEnabled !== true && hosts.length === 0)
      context.err('WARNING: Data endpoints are off: layers come from the login server itself.\n');
    const { loginServer } = properties;
    const dataEndpoints = hosts.map((endpoint) => ({ endpoint, region: endpoint.split('.')[1] }));
    // Without a query az prints a line each as a table.
    if (context.format === 'table' && args.text('query') === undefined && dataEndpoints.length > 0)
      return dataEndpoints.map((one) => ({ loginServer, ...one }));
    return { loginServer, dataEndpoints };
  },
});
