/** `postern network private-dns record-set ...`: the same commands for every type of record. Each change of a record is a PUT of the full set, as az does it. */
import { Fault } from '#base/fault.ts';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type { Arguments } from '../../../arguments.ts';
import type { Command } from '../../../command.ts';
import type { Context } from '../../../context.ts';
import { flatten } from '../../../flatten.ts';
import { GENERIC_UPDATE, genericallyUpdated } from '../../../generic-update.ts';
import { ZONE_NAME } from '../../../nouns.ts';
import { nameOption, type Option, RESOURCE_GROUP, WHAT_IF } from '../../../options.ts';
import { groupPath, resourcePath } from '../../../resources.ts';
import { apiVersionOf } from '../../../versions.ts';

const ZONE_TYPE = 'Microsoft.Network/privateDnsZones';
const VERSION = apiVersionOf(ZONE_TYPE);
const DEFAULT_TTL_SECONDS = 3600;

interface RecordType {
  readonly type: string;
  /** The property that holds the records: a list, or for CNAME and SOA the one record. */
  readonly property: string;
  /** What makes one record: the option, and the record's key. */
  readonly fields: readonly (readonly [Option, string])[];
}

const text = (name: string, short: string, summary: string, placeholder = name.toUpperCase()): Option => ({
  name,
  short,
  kind: 'text',
  placeholder,
  required: true,
  summary,
});
const whole = (name: string, short: string, summary: string): Option => ({ name, short, kind: 'integer', placeholder: 'N', required: true, summary });

const TYPES: readonly RecordType[] = [
  { type: 'a', property: 'aRecords', fields: [[text('ipv4-address', 'a', 'IPv4 address of the record.', 'ADDRESS'), 'ipv4Address']] },
  { type: 'aaaa', property: 'aaaaRecords', fields: [[text('ipv6-address', 'a', 'IPv6 address of the record.', 'ADDRESS'), 'ipv6Address']] },
  { type: 'cname', property: 'cnameRecord', fields: [[text('cname', 'c', 'The name that it stands for.', 'NAME'), 'cname']] },
  {
    type: 'mx',
    property: 'mxRecords',
    fields: [
      [text('exchange', 'e', 'Name of the mail exchange.'), 'exchange'],
      [whole('preference', 'p', 'Its preference.'), 'preference'],
    ],
  },
  { type: 'ptr', property: 'ptrRecords', fields: [[text('ptrdname', 'd', 'The name it points to.', 'NAME'), 'ptrdname']] },
  {
    type: 'srv',
    property: 'srvRecords',
    fields: [
      [whole('priority', 'p', 'Its priority.'), 'priority'],
      [whole('weight', 'w', 'Its weight.'), 'weight'],
      [whole('port', 'r', 'The port of the service.'), 'port'],
      [text('target', 't', 'Name of the host.', 'NAME'), 'target'],
    ],
  },
  {
    type: 'txt',
    property: 'txtRecords',
    fields: [[{ name: 'value', short: 'v', kind: 'list', placeholder: 'TEXT', required: true, summary: 'Texts of the record.' }, 'value']],
  },
];

const SET_NAME = nameOption('record set', { summary: 'Name of the record set, relative to the zone; @ is the zone itself.' });
const RECORD_SET_NAME: Option = { ...SET_NAME, name: 'record-set-name', aliases: ['name'] };
const METADATA: Option = { name: 'metadata', kind: 'list', placeholder: 'KEY=VALUE', summary: 'Notes that are kept with it.' };
const TTL: Option = { name: 'ttl', kind: 'integer', placeholder: 'SECONDS', summary: `Time to live in seconds. Default: ${DEFAULT_TTL_SECONDS}.` };

async function pathOf(args: Arguments, context: Context, type: string, name: string): Promise<string> {
  return resourcePath(await groupPath(context, args.need('resource-group')), `${ZONE_TYPE}/${type}`, [args.need('zone-name'), name]);
}

function recordOf(args: Arguments, { fields }: RecordType): JsonObject {
  const value = ({ name, kind }: Option): Json =>
    kind === 'integer' ? (args.integer(name) as number) : kind === 'list' ? [...(args.list(name) ?? [])] : args.need(name);
  return Object.fromEntries(fields.map(([option, key]) => [key, value(option)]));
}

function propertiesOf(set: JsonObject | undefined): JsonObject {
  return isJsonObject(set?.properties) ? set.properties : {};
}

function recordsOf(set: JsonObject | undefined, property: string): JsonObject[] {
  const records = propertiesOf(set)[property];
  return Array.isArray(records) ? records.filter(isJsonObject) : isJsonObject(records) ? [records] : [];
}

/** The set with these records: etag, metadata and ttl stay those that were read. */
function bodyWith(read: JsonObject | undefined, property: string, records: Json): JsonObject {
  const { metadata, ttl } = propertiesOf(read);
  return {
    ...(typeof read?.etag === 'string' ? { etag: read.etag } : {}),
    properties: { ...(isJsonObject(metadata) ? { metadata } : {}), ttl: typeof ttl === 'number' ? ttl : DEFAULT_TTL_SECONDS, [property]: records },
  };
}

/** Names end with a dot or not, and are of any case; the order of keys is nobody's. */
function same(a: JsonObject, b: JsonObject): boolean {
  return Object.keys(b).every((key) => plain(a[key]) === plain(b[key]));
}

function plain(value: Json | undefined): string {
  return Array.isArray(value) ? JSON.stringify(value) : String(value).toLowerCase().replace(/\.$/, '');
}

function commandsOf(record: RecordType): readonly Command[] {
  const { type, property, fields } = record;
  const words = `network private-dns record-set ${type}`;
  const what = `${type.toUpperCase()} record`;
  const single = type === 'cname';
  const naming = [RECORD_SET_NAME, ZONE_NAME, RESOURCE_GROUP, ...fields.map(([option]) => option)];
  return [
    {
      path: `${words} create`,
      summary: `Create an empty ${what} set.`,
      options: [SET_NAME, ZONE_NAME, RESOURCE_GROUP, TTL, METADATA],
      examples: [`postern ${words} create -g rg -z privatelink.azurecr.io -n myregistry`],
      run: async (args, context) => {
        const metadata = args.pairs('metadata');
        const body = { properties: { ttl: args.integer('ttl') ?? DEFAULT_TTL_SECONDS, ...(metadata ? { metadata } : {}) } };
        const path = await pathOf(args, context, type, args.need('name'));
        return flatten(await (await context.management()).put(path, VERSION, body, { 'if-none-match': '*' }));
      },
    },
    {
      path: `${words} update`,
      summary: `Update a ${what} set.`,
      options: [SET_NAME, ZONE_NAME, RESOURCE_GROUP, METADATA, ...GENERIC_UPDATE, WHAT_IF],
      examples: [`postern ${words} update -g rg -z privatelink.azurecr.io -n myregistry --set ttl=60`],
      run: async (args, context) => {
        const path = await pathOf(args, context, type, args.need('name'));
        const server = await context.management();
        const updated = genericallyUpdated(await server.get(path, VERSION), args);
        const metadata = args.pairs('metadata');
        return flatten(await server.put(path, VERSION, { etag: updated.etag, properties: { ...propertiesOf(updated), ...(metadata ? { metadata } : {}) } }));
      },
    },
    {
      path: `${words} ${single ? 'set-record' : 'add-record'}`,
      summary: `${single ? 'Set the' : 'Add a'} ${what}; the record set is made when there is none.`,
      options: [...naming, TTL, WHAT_IF],
      run: async (args, context) => {
        const path = await pathOf(args, context, type, args.need('record-set-name'));
        const server = await context.management();
        const read = await server.find(path, VERSION);
        const added = recordOf(args, record);
        const records = single ? added : [...recordsOf(read, property).filter((one) => !same(one, added)), added];
        const body = bodyWith(read, property, records);
        const ttl = args.integer('ttl');
        if (ttl !== undefined) (body.properties as JsonObject).ttl = ttl;
        return flatten(await server.put(path, VERSION, body));
      },
    },
    {
      path: `${words} remove-record`,
      summary: `Remove a ${what}; with the last one goes the record set.`,
      options: [...naming, { name: 'keep-empty-record-set', kind: 'flag', summary: 'Keep the record set when its last record goes.' }, WHAT_IF],
      run: async (args, context) => {
        const path = await pathOf(args, context, type, args.need('record-set-name'));
        const server = await context.management();
        const read = await server.get(path, VERSION);
        const gone = recordOf(args, record);
        const before = recordsOf(read, property);
        const records = before.filter((one) => !same(one, gone));
        if (records.length === before.length)
          throw new Fault('notFound', 'RecordNotFound', `The record set '${args.need('record-set-name')}' has no record ${Object.values(gone).join(' ')}.`);
        if (records.length === 0 && args.boolean('keep-empty-record-set') !== true) {
          await server.delete(path, VERSION);
          return undefined;
        }
        return flatten(await server.put(path, VERSION, bodyWith(read, property, single ? null : records)));
      },
    },
  ];
}

const SOA_FIELDS: readonly (readonly [string, string, string, 'text' | 'integer'])[] = [
  ['host', 't', 'host', 'text'],
  ['email', 'e', 'email', 'text'],
  ['serial-number', 's', 'serialNumber', 'integer'],
  ['refresh-time', 'f', 'refreshTime', 'integer'],
  ['retry-time', 'r', 'retryTime', 'integer'],
  ['expire-time', 'x', 'expireTime', 'integer'],
  ['minimum-ttl', 'm', 'minimumTtl', 'integer'],
];

const SOA: readonly Command[] = [
  {
    path: 'network private-dns record-set soa show',
    summary: 'Show the SOA record set of a private DNS zone.',
    options: [ZONE_NAME, RESOURCE_GROUP],
    run: async (args, context) => flatten(await (await context.management()).get(await pathOf(args, context, 'SOA', '@'), VERSION)),
  },
  {
    path: 'network private-dns record-set soa update',
    summary: 'Update the SOA record of a private DNS zone.',
    options: [
      ZONE_NAME,
      RESOURCE_GROUP,
      ...SOA_FIELDS.map(([name, short, , kind]): Option => ({ name, short, kind, summary: `Its ${name.replaceAll('-', ' ')}.` })),
    ],
    run: async (args, context) => {
      const path = await pathOf(args, context, 'SOA', '@');
      const server = await context.management();
      const read = await server.get(path, VERSION);
      const given = SOA_FIELDS.map(([name, , key, kind]) => [key, kind === 'integer' ? args.integer(name) : args.text(name)]).filter(
        ([, value]) => value !== undefined,
      );
      const soaRecord = { ...recordsOf(read, 'soaRecord')[0], ...Object.fromEntries(given) };
      return flatten(await server.put(path, VERSION, bodyWith(read, 'soaRecord', soaRecord as JsonObject)));
    },
  },
];

export default [...TYPES.flatMap(commandsOf), ...SOA];
