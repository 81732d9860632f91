/** What the server foresees of a change (`POST {id}/whatIf`), for people. */
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

/** Which resources would change, who would lose or gain what, and the commands that bring it back. */
export function foreseenText(foreseen: Json): string {
  if (!isJsonObject(foreseen)) return 'Nothing would change.\n';
  const impact = isJsonObject(foreseen.impact) ? foreseen.impact : {};
  const sections: [string, readonly string[]][] = [
    ['Would change:', objects(foreseen.changes).map(({ changeType, resourceId }) => `${String(changeType).padEnd(7)} ${resourceId}`)],
    ['Ways to registries:', objects(impact.paths).map(pathText)],
    ['Names:', objects(impact.names).map((name) => `${name.name} in ${nameOf(name.network)}: ${addresses(name.before)} -> ${addresses(name.after)}`)],
    [
      'Connections:',
      objects(impact.connections).map((one) => `${nameOf(one.endpoint)} of ${nameOf(one.registry)}: ${one.before ?? 'none'} -> ${one.after ?? 'none'}`),
    ],
    ['Networks:', objects(impact.networks).map(({ verdict, id }) => `${verdict} ${id}`)],
    ['Machines:', objects(impact.machines).map(({ verdict, id }) => `${verdict} ${id}`)],
    ['Roles:', objects(impact.principals).map((one) => `${one.principalId}: ${count(one.before)} -> ${count(one.after)} assignments`)],
    ['To undo it:', (Array.isArray(foreseen.undo) ? foreseen.undo : []).map((line) => String(line).replace(/^az /, 'postern '))],
  ];
  const told = sections.filter(([, lines]) => lines.length > 0);
  if (told.length === 0) return 'Nothing would change.\n';
  const hidden = Number(impact.notShown ?? 0);
  return [
    ...told.map(([heading, lines]) => `${heading}\n${lines.map((line) => `  ${line}\n`).join('')}`),
    ...(hidden === 0 ? [] : [`${hidden} more that you may not read would be concerned.\n`]),
    'Nothing was changed.\n',
  ].join('\n');
}

function pathText(path: JsonObject): string {
  const machines = Array.isArray(path.machines) ? path.machines.map(nameOf) : [];
  const who = machines.length === 0 ? '' : ` (${machines.join(', ')})`;
  const way = (value: Json | undefined): string => (isJsonObject(value) ? `${value.by} ${addresses(value.addresses)}`.replace(/ does not exist$/, '') : '');
  const why = isJsonObject(path.after) ? path.after.why : '';
  return `${String(path.verdict).padEnd(7)} ${path.host} from ${nameOf(path.network)}${who}: ${way(path.before)} -> ${way(path.after)}, ${why}`;
}

function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function addresses(value: Json | undefined): string {
  return !Array.isArray(value) ? 'does not exist' : value.length === 0 ? 'no address' : value.join(' ');
}

function count(value: Json | undefined): number {
  return Array.isArray(value) ? value.length : 0;
}

/** The last name of an id. */
function nameOf(id: Json | undefined): string {
  return String(id ?? '')
    .split('/')
    .pop() as string;
}
