/** The pages of docs/reference/, made of the sources. `npm run reference` writes them; a test holds them to it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PAGE_SIZE } from '#arm/paging.ts';
import type { ResourceType } from '#arm/resource-type.ts';
import { Fault, type FaultKind } from '#base/fault.ts';
import { JSON_LIMIT_BYTES } from '#http/body.ts';
import { SCOPE_MAP_LIMITS, type Sku, TIERS } from '#providers/container-registry/tiers.ts';
import { resourceTypes } from '#providers/index.ts';
import { MAX_LINKS, MAX_RECORD_SETS, MAX_REGISTRATION_LINKS } from '#providers/network/zone-names.ts';
import { MANIFEST_LIMIT_BYTES } from '#registry/manifest.ts';
import { MAX_PAGE } from '#registry/paging.ts';
import { ROOT } from '../server.ts';
import { faultCodes } from './fault-codes.ts';

const FOLDER = join(ROOT, 'docs/reference');
const HEAD = 'Made by `npm run reference` from the sources; edit those.\n';

/** Every page, by file name. */
export function pages(): ReadonlyMap<string, string> {
  return new Map([
    ['resource-types.md', resourceTypePage()],
    ['limits.md', limitsPage()],
    ['faults.md', faultsPage()],
    ['az-commands.md', commandsPage()],
  ]);
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replace(/\s+/g, ' ')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string): string => `\`${text}\``;

function resourceTypePage(): string {
  const types = [...resourceTypes].sort((a, b) => (a.type < b.type ? -1 : 1));
  const sections = types.map((type) => {
    const properties = propertyRows(type);
    const facts: string[] = [
      `Scope ${type.scope}; location ${type.location}; ${verbsOf(type)}; api-versions listed: ${type.apiVersions.map(code).join(', ')}.`,
    ];
    const actions = [
      ...Object.entries(type.actions ?? {}).map(([name, action]) => `${action.method ?? 'POST'} ${code(`{id}/${name}`)}`),
      ...Object.keys(type.subscriptionActions ?? {}).map((name) => `POST ${code(`/subscriptions/{id}/providers/${type.type.split('/')[0]}/${name}`)}`),
    ];
    if (actions.length > 0) facts.push(`Actions: ${actions.join(', ')}.`);
    if (type.immutable?.length) facts.push(`Fixed after creation: ${type.immutable.map(code).join(', ')}.`);
    if (type.secret?.length) facts.push(`Never shown: ${type.secret.map(code).join(', ')}.`);
    if (type.unenforced)
      facts.push('Some settings are stored and do not act yet: the answer says which in a `Warning` header, and `postern status` lists them.');
    return `## ${type.type}\n\n${facts.join(' ')}\n${properties.length === 0 ? '' : `\n${table(['property', 'takes', 'default'], properties)}\n`}`;
  });
  return `# Resource types\n\n${HEAD}\nPaths are matched without regard to case, and every well-formed api-version is accepted.\n\n${sections.join('\n')}`;
}

function verbsOf(type: ResourceType): string {
  const verbs = type.verbs ?? ['GET', 'PUT', 'PATCH', 'DELETE'];
  return `${verbs.join(', ')}${type.ownerMade ? ' (made by its owner; a PUT changes what exists)' : ''}`;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

function propertyRows(type: ResourceType): string[][] {
  const rows: string[][] = [];
  const walk = (schema: JsonSchema, path: string): void => {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const here = `${path}${name}`;
      const value = property.items ?? property;
      const shown = property.default === undefined || typeof property.default === 'object' ? '' : code(String(property.default));
      if (value.properties) {
        if (shown !== '') rows.push([code(here), taken(property), shown]);
        walk(value, `${here}${property.items ? '[]' : ''}.`);
      } else rows.push([code(here), taken(property), shown]);
    }
  };
  walk(z.toJSONSchema(type.properties, { io: 'input', unrepresentable: 'any' }) as JsonSchema, '');
  return rows;
}

function taken(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map(String).join(', ');
  if (schema.const !== undefined) return String(schema.const);
  if (schema.anyOf) return [...new Set(schema.anyOf.map(taken))].join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? taken(schema.items) : 'anything'}`;
  const { minimum, maximum, maxLength } = schema;
  const safe = (limit: number | undefined): limit is number => limit !== undefined && Math.abs(limit) < Number.MAX_SAFE_INTEGER;
  const range = [safe(minimum) ? `from ${minimum}` : '', safe(maximum) ? `to ${maximum}` : '', maxLength ? `at most ${maxLength} characters` : ''];
  return [schema.type ?? 'as its service has it', ...range].filter(Boolean).join(' ');
}

function limitsPage(): string {
  const skus = Object.keys(TIERS) as Sku[];
  const [first] = skus;
  const rows = Object.keys(TIERS[first as Sku]).map((name) => [
    code(name),
    ...skus.map((sku) => {
      const value = TIERS[sku][name as keyof (typeof TIERS)[Sku]];
      return name.endsWith('Bytes') ? `${value / 2 ** 30} GiB` : String(value);
    }),
  ]);
  const others: readonly (readonly [string, number | string])[] = [
    ['actions of a scope map', SCOPE_MAP_LIMITS.actions],
    ['repositories of a scope map', SCOPE_MAP_LIMITS.repositories],
    ['record sets of a private zone', MAX_RECORD_SETS],
    ['links of a private zone', MAX_LINKS],
    ['links with registration of a private zone', MAX_REGISTRATION_LINKS],
    ['manifest, and body of a request to the control plane', `${MANIFEST_LIMIT_BYTES / 2 ** 20} MiB, ${JSON_LIMIT_BYTES / 2 ** 20} MiB`],
    ['page of a listing: control plane, registry', `${PAGE_SIZE}, ${MAX_PAGE}`],
  ];
  return `# Limits\n\n${HEAD}\nOf a registry, by tier; 0 where the tier does not have it.\n\n${table(['', ...skus], rows)}\n\n## Others\n\n${table(
    ['limit', 'value'],
    others.map(([name, value]) => [name, String(value)]),
  )}\n`;
}

function faultsPage(): string {
  const status = (kind: string): string => String(new Fault(kind as FaultKind, '', '').status);
  const rows = faultCodes(join(ROOT, 'src')).map((fault) => [code(fault.code), status(fault.kind ?? 'internal'), fault.message, fault.room]);
  return `# Faults\n\n${HEAD}\nCode, HTTP status and words of what Postern refuses; \`…\` stands for what is put in. Faults of rooms that speak no HTTP reach the command line with their code.\n\n${table(
    ['code', 'status', 'words', 'room'],
    rows,
  )}\n`;
}

export interface Command {
  readonly command: string;
  readonly state: 'works' | 'stored only' | 'not yet';
  readonly note?: string;
}

/** Every command of az that somebody has tried, with what came of it. */
export function azCommands(): readonly Command[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'az-commands.json'), 'utf8')) as Command[];
}

function commandsPage(): string {
  const commands = azCommands();
  const count = (state: Command['state']): number => commands.filter((command) => command.state === state).length;
  return `# Commands of az\n\n${HEAD}\n${count('works')} work, ${count('stored only')} are stored only (the setting is kept and shown, and does not act yet), ${count('not yet')} not yet.\n\n${table(
    ['command', 'state', 'note'],
    commands.map(({ command, state, note = '' }) => [code(command), state, note]),
  )}\n`;
}

if (import.meta.main) for (const [name, text] of pages()) writeFileSync(join(FOLDER, name), text);
