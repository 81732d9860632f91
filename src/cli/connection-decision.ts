/** Approving and rejecting a registry's private endpoint connection: the same request but for one word. */
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import { flatten } from './flatten.ts';
import { nameOption, type Option, REGISTRY, REGISTRY_GROUP, WHAT_IF } from './options.ts';
import { ofRegistry, REGISTRY_TYPE } from './resources.ts';
import { apiVersionOf } from './versions.ts';

export const DECISION_OPTIONS: readonly Option[] = [
  nameOption('private endpoint connection'),
  REGISTRY,
  REGISTRY_GROUP,
  { name: 'description', kind: 'text', summary: 'Why, in words that both sides see.' },
  WHAT_IF,
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
  return flatten(await decideAt(context, await ofRegistry(args, context, 'privateEndpointConnections', args.need('name')), args.text('description'), status));
}

/** The same for a connection that is given by its id; as the server writes it, for az prints these with their `properties`. */
export async function decideAt(context: Context, path: string, description: string | undefined, status: 'Approved' | 'Rejected'): Promise<Json> {
  const server = await context.management();
  const version = apiVersionOf(REGISTRY_TYPE);
  return server.put(path, version, decisionBody(await server.get(path, version), status, description));
}
