/** What may be done with a provider's types, as `az provider operation` shows it: the actions that roles are made of. */
import { jsonReply, type Reply } from '#http/message.ts';
import { actionFor } from './authorization.ts';
import { pageReply } from './collections.ts';
import type { Call, Engine } from './engine.ts';
import type { ResourceType } from './resource-type.ts';
import { namespaceOf } from './types.ts';

/** `/providers/Microsoft.Authorization/providerOperations`: of every provider, or of one. */
export function providerOperations(engine: Engine, call: Call, namespace: string | undefined): Reply {
  if (namespace !== undefined) return jsonReply(200, shown(engine, namespace));
  return pageReply(
    call,
    [...engine.types.namespaces.values()].sort().map((each) => shown(engine, each)),
    undefined,
  );
}

interface Operation {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly origin: null;
  readonly properties: null;
  readonly isDataAction: boolean;
}

function shown(engine: Engine, namespace: string): object {
  const types = engine.types.all.filter(({ type }) => namespaceOf(type) === namespace);
  const named = namedByRoles(engine, namespace);
  return {
    id: `/providers/Microsoft.Authorization/providerOperations/${namespace}`,
    type: 'Microsoft.Authorization/providerOperations',
    name: namespace,
    displayName: words(namespace.replace('.', ' ')),
    operations: ['register', 'unregister'].map((verb) => operation(`${namespace}/${verb}/action`, false)),
    resourceTypes: types.map((type) => ({ name: nameOf(type), displayName: words(nameOf(type)), operations: operationsOf(type, types, named) })),
  };
}

function nameOf({ type }: ResourceType): string {
  return type.slice(type.indexOf('/') + 1);
}

/** Those of its verbs and actions, and those that built-in roles name of it beyond these: the registry's own plane has them. */
function operationsOf(type: ResourceType, all: readonly ResourceType[], named: ReadonlyMap<string, boolean>): Operation[] {
  const { verbs = ['GET', 'PUT', 'PATCH', 'DELETE'] } = type;
  const actions = new Map<string, boolean>();
  if (verbs.includes('GET')) actions.set(actionFor(type, 'read'), false);
  if (verbs.includes('PUT') || verbs.includes('PATCH')) actions.set(actionFor(type, 'write'), false);
  if (verbs.includes('DELETE')) actions.set(actionFor(type, 'delete'), false);
  for (const { permission } of [...Object.values(type.actions ?? {}), ...Object.values(type.subscriptionActions ?? {})]) actions.set(permission, false);
  const of = (action: string): ResourceType | undefined =>
    all.filter((each) => action.toLowerCase().startsWith(`${each.type.toLowerCase()}/`)).sort((a, b) => b.type.length - a.type.length)[0];
  for (const [action, isData] of named) if (of(action) === type) actions.set(action, isData);
  return [...actions].map(([name, isData]) => operation(name, isData));
}

/** Actions and data actions without wildcards that built-in roles name. */
function namedByRoles(engine: Engine, namespace: string): ReadonlyMap<string, boolean> {
  const named = new Map<string, boolean>();
  for (const type of engine.types.all)
    for (const { body } of type.builtIn ?? [])
      for (const { actions = [], dataActions = [] } of (body.properties.permissions ?? []) as { actions?: string[]; dataActions?: string[] }[])
        for (const [list, isData] of [
          [actions, false],
          [dataActions, true],
        ] as const)
          for (const action of list) if (action.startsWith(`${namespace}/`) && !action.includes('*')) named.set(action, isData);
  return named;
}

function operation(name: string, isDataAction: boolean): Operation {
  const displayName = words(
    name
      .split('/')
      .slice(1)
      .join(' ')
      .replace(/ action$/, ''),
  );
  return { name, displayName, description: displayName, origin: null, properties: null, isDataAction };
}

/** `privateEndpointConnections read` -> `Private endpoint connections read`. */
function words(text: string): string {
  const spaced = text.replace(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
