/** `postern acr identity ...`: the managed identities of a registry. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { commands } from '../../command.ts';
import { nameOption, type Option, REGISTRY_GROUP } from '../../options.ts';
import { findRegistry, REGISTRY_TYPE, resourcePath } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);
const SYSTEM = '[system]';
const IDENTITIES: Option = {
  name: 'identities',
  kind: 'list',
  placeholder: 'NAME_OR_ID',
  required: true,
  summary: `Names or ids of identities, or ${SYSTEM} for the registry's own.`,
};

/** az's names for one: those in the registry's group may be given by name. */
function idsOf(given: readonly string[], registry: string): { system: boolean; ids: string[] } {
  const group = registry.slice(0, registry.toLowerCase().indexOf('/providers/'));
  const ids = given
    .filter((one) => one !== SYSTEM)
    .map((one) => (one.startsWith('/') ? one : resourcePath(group, 'Microsoft.ManagedIdentity/userAssignedIdentities', [one])));
  return { system: given.includes(SYSTEM), ids };
}

/** `None`, or its kinds with commas, as ARM names it. */
function identityBody(system: boolean, ids: readonly string[], gone: readonly string[] = []): JsonObject {
  const kinds = [...(system ? ['SystemAssigned'] : []), ...(ids.length > 0 ? ['UserAssigned'] : [])];
  const assigned = Object.fromEntries([...ids.map((id) => [id, {}]), ...gone.map((id) => [id, null])]);
  return {
    identity: {
      type: kinds.length === 0 ? 'None' : kinds.join(', '),
      ...(ids.length + gone.length > 0 && kinds.length > 0 ? { userAssignedIdentities: assigned } : {}),
    },
  };
}

function held(registry: JsonObject): { system: boolean; ids: string[] } {
  const identity = isJsonObject(registry.identity) ? registry.identity : {};
  return {
    system: /SystemAssigned/i.test(String(identity.type)),
    ids: Object.keys(isJsonObject(identity.userAssignedIdentities) ? identity.userAssignedIdentities : {}),
  };
}

export default commands(
  {
    path: 'acr identity show',
    summary: 'Show the managed identities of a registry.',
    options: [nameOption('registry'), REGISTRY_GROUP],
    run: async (args, context) =>
      (await (await context.management()).get(await findRegistry(context, args.need('name'), args.text('resource-group')), VERSION)).identity,
  },
  {
    path: 'acr identity assign',
    summary: 'Give a registry managed identities.',
    options: [nameOption('registry'), REGISTRY_GROUP, IDENTITIES],
    run: async (args, context) => {
      const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
      const server = await context.management();
      const before = held(await server.get(path, VERSION));
      const { system, ids } = idsOf(args.list('identities') ?? [], path);
      return (await server.patch(path, VERSION, identityBody(before.system || system, [...new Set([...before.ids, ...ids])]))).identity;
    },
  },
  {
    path: 'acr identity remove',
    summary: 'Take managed identities from a registry.',
    options: [nameOption('registry'), REGISTRY_GROUP, IDENTITIES],
    run: async (args, context) => {
      const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
      const server = await context.management();
      const before = held(await server.get(path, VERSION));
      const { system, ids } = idsOf(args.list('identities') ?? [], path);
      const gone = before.ids.filter((id) => ids.some((one) => one.toLowerCase() === id.toLowerCase()));
      const stay = before.ids.filter((id) => !gone.includes(id));
      return (await server.patch(path, VERSION, identityBody(before.system && !system, stay, gone))).identity;
    },
  },
);
