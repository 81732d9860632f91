/** `postern why [REQUEST-ID]`: how a request was decided, and the first thing that failed; without an id, the latest refusals. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../command.ts';

interface Step {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** What `/postern/requests/ID` answers. */
export interface Decision {
  readonly id: string;
  readonly time?: string;
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly status?: number;
  /** How the connection arrived: `endpoint`, `public`, `management` or `machine`. */
  readonly via?: string;
  readonly listener?: string;
  readonly peer?: string;
  readonly endpoint?: string;
  readonly state?: string;
  readonly rule?: string;
  readonly identity?: string;
  readonly role?: string;
  readonly trace?: readonly Step[];
}

export default command({
  path: 'why',
  summary: 'Tell how a request was decided: its path, listener, endpoint, state, rule, identity and role, and the first thing that failed.',
  options: [],
  positionals: [
    {
      name: 'REQUEST-ID',
      required: false,
      summary:
        'The id that the answer carried: x-ms-request-id or x-ms-correlation-request-id. Without it: the latest refusals, connections that were reset included.',
    },
  ],
  columns: { When: 'time', Request: 'method', Host: 'host', Path: 'path', Status: 'status', From: 'peer', Failure: 'failure.detail', Id: 'id' },
  run: async (args, context) => {
    const server = await context.management();
    const [id] = args.positionals;
    if (id === undefined) {
      const { value } = (await server.ask('GET', '/postern/requests')).body as unknown as { value: Refusal[] };
      if (context.formatGiven) return value as unknown as JsonObject[];
      context.out(refusalsText(value));
      return undefined;
    }
    const decision = (await server.ask('GET', `/postern/requests/${encodeURIComponent(id)}`)).body;
    if (context.formatGiven) return decision;
    context.out(decisionText(decision as unknown as Decision));
    return undefined;
  },
});

interface Refusal extends Decision {
  readonly failure: Step;
}

/** The latest refusals, newest first, each with what failed and the id that tells more. */
export function refusalsText(refusals: readonly Refusal[]): string {
  if (refusals.length === 0) return 'Nothing was refused since the server started, as far as you may know.\n';
  return refusals
    .map(({ id, time, method, host, path, status, peer, failure }) => {
      const what = method === 'RESET' ? 'connection reset' : `${status} ${method} ${host}${path}`;
      return `${time}  ${what}  from ${peer}\n  ✗ ${failure.check}: ${failure.detail}\n    postern why ${id}\n`;
    })
    .join('');
}

/** The decision as a person reads it: what was asked, each check in order, and the first that failed. */
export function decisionText(decision: Decision): string {
  const trace = decision.trace ?? [];
  const first = trace.find((step) => !step.ok);
  // The machines' metadata address alone is served without TLS.
  const scheme = decision.via === 'machine' ? 'http' : 'https';
  const rows: [string, string | undefined][] = [
    [
      'Request',
      decision.method === 'RESET'
        ? 'none: the connection was reset before TLS'
        : `${decision.method ?? ''} ${decision.host === undefined ? '' : `${scheme}://${decision.host}`}${decision.path ?? ''}`.trim(),
    ],
    ['Answer', !decision.status ? undefined : String(decision.status)],
    ['When', decision.time],
    ['Listener', decision.listener],
    ['From', decision.peer],
    ['Endpoint', decision.endpoint],
    ['State', decision.state],
    ['Rule', decision.rule],
    ['Identity', decision.identity],
    ['Role', decision.role],
  ];
  const width = Math.max(0, ...trace.map((step) => step.check.length));
  return [
    ...rows.filter(([, text]) => text !== undefined && text !== '').map(([name, text]) => `${name.padEnd(10)}${text}`),
    ...(trace.length === 0 ? [] : ['', ...trace.map((step) => `  ${step.ok ? '✓' : '✗'} ${step.check.padEnd(width)}  ${step.detail}`)]),
    '',
    first === undefined ? 'Nothing failed.' : `First failure: ${first.check}: ${first.detail}`,
    '',
  ].join('\n');
}
