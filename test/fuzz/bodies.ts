/** Bodies near a type's schema and far from it, and texts that are not quite bodies. */
import fc from 'fast-check';
import type { ResourceType } from '#arm/resource-type.ts';
import { z } from '#base/schema.ts';

type Value = fc.Arbitrary<unknown>;

/** The parts of JSON Schema that the types' schemas become. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
}

const TEXTS = [
  '',
  ' ',
  '\u0000',
  '\u202e\u0301',
  '\ud800',
  '𝒳𝒴',
  'İ',
  'a'.repeat(5000),
  '../..',
  '%2F..%2f',
  "';--",
  '"',
  '${x}',
  'null',
  '__proto__',
  'constructor',
  'toString',
  '0',
  '-1',
  '1e309',
  '10.0.1.9',
  '10.0.1.0/24',
  '0.0.0.0/0',
  '10.0.0.0/99',
  '300.1.1.1',
  'fd00::1',
  '168.63.129.16',
  '*',
  '@',
  'a.b.c',
  'privatelink.azurecr.io',
  'westeurope',
  'North Europe',
  'global',
  'Premium',
  'registry',
  'registry_data_westeurope',
  'Approved',
  'Microsoft.ContainerRegistry',
  'repositories/*/content/read',
  '2026-01-01T00:00:00Z',
  '275761-01-01T00:00:00Z',
  '00000000-0000-4000-8000-000000000001',
  'https://example.com/x',
  'a'.repeat(64),
] as const;
const NUMBERS = [0, -0, -1, 1, 0.5, 10, 65_536, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, -1e-308] as const;

export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);

/** Any JSON, with names that objects have by birth. */
export const odd: Value = fc.oneof(
  text,
  fc.constantFrom<unknown>(...NUMBERS, true, false, null),
  fc.constantFrom<unknown>([], {}, [[]], [null], [{}]),
  fc.constant(JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}')),
  fc.array(fc.constantFrom<unknown>('10.0.1.4', 1, null, {}), { maxLength: 5 }),
  fc.dictionary(text, fc.oneof(text, fc.constant(null)), { maxKeys: 3 }),
);

function mostly(value: Value): Value {
  return fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: odd });
}

export function valueFor(schema: JsonSchema | boolean | undefined, references: fc.Arbitrary<string>, depth = 0): Value {
  if (schema === undefined || typeof schema === 'boolean' || depth > 8) return odd;
  const choices = schema.anyOf ?? schema.oneOf;
  if (schema.const !== undefined) return mostly(fc.constant(schema.const));
  if (schema.enum) return mostly(fc.constantFrom(...schema.enum));
  if (choices) return fc.oneof(...choices.map((choice) => valueFor(choice, references, depth + 1)));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object') {
    const members = Object.entries(schema.properties ?? {}).map(([name, member]) => [name, valueFor(member, references, depth + 1)] as const);
    const open = schema.additionalProperties
      ? fc.dictionary(text, valueFor(schema.additionalProperties, references, depth + 1), { maxKeys: 3 })
      : fc.constant({});
    return mostly(fc.tuple(fc.record(Object.fromEntries(members), { requiredKeys: [] }), open).map(([own, more]) => ({ ...more, ...own })));
  }
  if (type === 'array') return mostly(fc.array(valueFor(schema.items, references, depth + 1), { maxLength: 4 }));
  if (type === 'string') return mostly(fc.oneof(text, references));
  if (type === 'integer' || type === 'number') return mostly(fc.constantFrom(...NUMBERS, schema.minimum ?? 3, schema.maximum ?? 300));
  if (type === 'boolean') return mostly(fc.boolean());
  return odd;
}

export function schemaOf(schema: unknown): JsonSchema | undefined {
  return schema === undefined ? undefined : (z.toJSONSchema(schema as z.ZodType, { unrepresentable: 'any', io: 'output' }) as JsonSchema);
}

export function bodyFor(type: ResourceType, references: fc.Arbitrary<string>): Value {
  const properties = valueFor(schemaOf(type.properties), references);
  const embedded = fc.record(Object.fromEntries(Object.keys(type.embeds ?? {}).map((name) => [name, odd])), { requiredKeys: [] });
  return mostly(
    fc.record(
      {
        location: mostly(fc.constantFrom('westeurope', 'North Europe', 'global')),
        properties: mostly(
          fc.tuple(properties, embedded).map(([own, more]) => (typeof own === 'object' && own !== null && !Array.isArray(own) ? { ...own, ...more } : own)),
        ),
        tags: mostly(fc.dictionary(text, text, { maxKeys: 3 })),
        sku: mostly(fc.record({ name: fc.constantFrom('Basic', 'Standard', 'Premium', 'Gold') })),
        identity: mostly(
          fc.record(
            {
              type: fc.constantFrom('None', 'SystemAssigned', 'UserAssigned'),
              userAssignedIdentities: fc.dictionary(references, fc.constant({}), { maxKeys: 2 }),
            },
            { requiredKeys: [] },
          ),
        ),
        id: text,
        name: text,
        etag: text,
        zones: odd,
      },
      { requiredKeys: ['location', 'properties'] },
    ),
  );
}

/** Every place in a value, outermost first, the value itself left out. */
export function placesIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const inside = typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, member]) => placesIn(member, [...path, name])) : [];
  return path.length === 0 ? inside : [path, ...inside];
}

/** Every place that a schema has, lists by their first item. */
export function placesOf(schema: JsonSchema | undefined, path: readonly string[]): (readonly string[])[] {
  if (schema === undefined || path.length > 8) return [];
  const inside = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, member]) => placesOf(member, [...path, name])),
    ...(schema.items ? placesOf(schema.items, [...path, '0']) : []),
    ...(schema.anyOf ?? schema.oneOf ?? []).flatMap((choice) => placesOf(choice, path).slice(1)),
  ];
  return [path, ...inside];
}

/** A copy with something else at a place; objects are made on the way where there are none. */
export function replaced(body: object, path: readonly string[], value: unknown): object {
  const copy = structuredClone(body) as Record<string, unknown>;
  let at = copy;
  for (const [index, step] of path.slice(0, -1).entries()) {
    if (typeof at[step] !== 'object' || at[step] === null) at[step] = path[index + 1] === '0' ? [] : {};
    at = at[step] as Record<string, unknown>;
  }
  const last = path.at(-1) as string;
  if (value === undefined) delete at[last];
  else at[last] = structuredClone(value);
  return copy;
}

export const SWEPT: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  2 ** 53,
  1e308,
  '',
  '\ud800\u0000',
  'x'.repeat(3000),
  '/subscriptions/x',
  [],
  [null],
  ['', ''],
  Array.from({ length: 3000 }, () => 'x'),
  {},
  { id: 1 },
  JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 1}'),
];

/** What a GET showed, with some of its parts replaced by something else or taken away. */
export function changed(body: object, references: fc.Arbitrary<string>): Value {
  const change = fc.record({
    path: fc.constantFrom(...placesIn(body)),
    value: fc.oneof({ weight: 1, arbitrary: references }, { weight: 3, arbitrary: odd }, { weight: 1, arbitrary: fc.constant(undefined) }),
  });
  return fc.array(change, { maxLength: 3 }).map((changes) => changes.reduce((made, { path, value }) => replaced(made, path, value), body));
}

/** A body as text: JSON, or what is not quite that. */
export function written(value: Value): fc.Arbitrary<string> {
  const json = value.map((each) => JSON.stringify(each) ?? 'null');
  return fc.oneof(
    { weight: 30, arbitrary: json },
    { weight: 1, arbitrary: json.map((each) => each.slice(0, -1)) },
    { weight: 1, arbitrary: fc.constantFrom('', '\ufeff{}', 'null', '[]', '"x"', '1e999', '{"a":1,"a":{}}', '{"properties":'.repeat(50), '[', 'NaN') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        `{"properties":${'{"a":'.repeat(5000)}1${'}'.repeat(5001)}`,
        '['.repeat(60_000),
        `{"location":"westeurope","properties":{"x":[${'1,'.repeat(50_000)}1]}}`,
      ),
    },
    { weight: 1, arbitrary: fc.constant(`{"tags":{${Array.from({ length: 2000 }, (_, n) => `"t${n}":"v"`).join()}}}`) },
  );
}
