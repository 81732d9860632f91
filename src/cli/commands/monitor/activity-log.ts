/** `postern monitor activity-log list`: who did what, and what came of it. */
import { systemClock } from '#base/clock.ts';
import { isJsonObject } from '#base/json.ts';
import { commands } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { RESOURCE_GROUP } from '../../options.ts';

const VERSION = '2015-04-01';

/** Milliseconds of `1d6h`, `30m` and the like. @throws UsageError */
function offsetMs(text: string): number {
  const match = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?$/i.exec(text);
  if (!match || text === '') throw new UsageError(`argument --offset: '${text}' is not of the form 1d6h`);
  const [, days = 0, hours = 0, minutes = 0] = match;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000;
}

function timeOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}${text.includes(':') ? '' : 'T00:00:00'}Z`);
  if (Number.isNaN(time)) throw new UsageError(`argument --${option}: '${text}' is not a time such as 2030-01-01T00:00:00Z`);
  return time;
}

const EQUAL: readonly (readonly [string, string])[] = [
  ['correlation-id', 'correlationId'],
  ['resource-id', 'resourceUri'],
  ['resource-group', 'resourceGroupName'],
  ['namespace', 'resourceProvider'],
  ['caller', 'caller'],
  ['status', 'status'],
];

export default commands({
  path: 'monitor activity-log list',
  summary: 'List who changed what, and what came of it.',
  options: [
    { ...RESOURCE_GROUP, required: false },
    { name: 'resource-id', kind: 'text', placeholder: 'ID', summary: 'Of one resource.' },
    { name: 'namespace', kind: 'text', placeholder: 'NAMESPACE', summary: 'Of one resource provider.' },
    { name: 'correlation-id', kind: 'text', placeholder: 'ID', summary: 'Of one request.' },
    { name: 'caller', kind: 'text', placeholder: 'NAME_OR_ID', summary: 'Of one caller.' },
    { name: 'status', kind: 'text', summary: 'Of one outcome: Started, Accepted, Succeeded, Failed.' },
    { name: 'start-time', kind: 'text', placeholder: 'TIME', summary: 'From when on.' },
    { name: 'end-time', kind: 'text', placeholder: 'TIME', summary: 'Until when. Default: now.' },
    { name: 'offset', kind: 'text', placeholder: '1d6h', summary: 'How much, from the one of the two that is given. Default: 6h.' },
    { name: 'max-events', kind: 'integer', placeholder: 'N', summary: 'At most so many. Default: 50.' },
    { name: 'select', kind: 'list', placeholder: 'PROPERTY', summary: 'Only these properties.' },
  ],
  columns: { Time: 'eventTimestamp', Caller: 'caller', Operation: 'operationName.value', Status: 'status.value', Resource: 'resourceId' },
  examples: ['postern monitor activity-log list -g rg --offset 1d -o table'],
  run: async (args, context) => {
    const span = offsetMs(args.text('offset') ?? '6h');
    const [start, end] = [timeOf('start-time', args.text('start-time')), timeOf('end-time', args.text('end-time'))];
    const until = end ?? (start === undefined || args.text('offset') === undefined ? systemClock.now() : start + span);
    const from = start ?? until - span;
    const filter = [
      `eventTimestamp ge ${new Date(from).toISOString()}`,
      `eventTimestamp le ${new Date(until).toISOString()}`,
      ...EQUAL.flatMap(([option, field]) => {
        const value = args.text(option);
        return value === undefined ? [] : [`${field} eq '${value.replaceAll("'", "''")}'`];
      }),
    ].join(' and ');
    const path = `${await context.subscriptionPath()}/providers/microsoft.insights/eventtypes/management/values?$filter=${encodeURIComponent(filter)}`;
    const events = (await (await context.management()).list(path, VERSION)).slice(0, args.integer('max-events') ?? 50);
    const select = args.list('select');
    return select === undefined ? events : events.map((event) => Object.fromEntries(select.map((key) => [key, isJsonObject(event) ? event[key] : undefined])));
  },
});
