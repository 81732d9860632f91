/** Approving and rejecting a registry's private endpoint connection: the same request but for one word. */
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import { flatten } from './flatten.ts';
import { nameOption, type Option, RESOURCE_GROUP } from './options.ts';
import { apiVersionOf, findRegistry, REGISTRY_TYPE } from './resources.ts';

export const DECISION_OPTIONS: readonly Option[] = [
  nameOption('private endpoint connection'),
  { name: 'registry-name', aliases: ['registry'], short: 'r', kind: 'text', placeholder: 'NAME', required: true, summary: 'Name of the registry.' },
  { ...RESOURCE_GROUP, required: false },
  { name: 'description', kind: 'text', summary: 'Why, in words that both sides see.' },
];

/** What is PUT: the endpoint as it was read, and the new state. Without a description none is sent, as az does it. */
export function decisionBody(connection: JsonObject, status: 'Approved' | 'Rejected', description: string | undefined): JsonObject {
  const properties = isJsonObject(connection.properties) ? connection.properties : {};
  const endpoint = isJsonObject(properties.privateEndpoint) ? { privateEndpoint: { id: properties.privateEndpoint.id } } : {};
  return {
    properties: {
      ...endpoint,
      privateLinkServiceConnectionState: { status, ...(description === undefined ? {} : { description }), actionsRequired: 'None' },
    },
  };
}

export async function decide(args: Arguments, context: Context, status: 'Approved' | 'Rejected'): Promise<Json> {
  const registry = await findRegistry(context, args.need('registry-name'), args.text('resource-group'));
  const path = `${registry}/privateEndpointConnections/${encodeURIComponent(args.need('name'))}`;
  const server = await context.management();
  const version = apiVersionOf(REGISTRY_TYPE);
  return flatten(await server.put(path, version, decisionBody(await server.get(path, version), status, args.text('description'))));
}
