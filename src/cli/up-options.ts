/** The options of `up` and `quickstart`, and the configuration they make. */
import { type Config, configFrom } from '../config.ts';
import type { Arguments } from './arguments.ts';
import type { Option } from './options.ts';

export const UP_OPTIONS: readonly Option[] = [
  { name: 'listen', kind: 'text', placeholder: 'HOST:PORT', summary: 'Where the management API listens on this host. Default: 127.0.0.1:8443.' },
  { name: 'public', kind: 'text', placeholder: 'HOST:PORT', summary: 'Where the registries listen on this host. Default: 127.0.0.1:5443.' },
  { name: 'domain', kind: 'text', placeholder: 'NAME', summary: "The registries' DNS suffix inside the world. Default: azurecr.io." },
  { name: 'host-domain', kind: 'text', placeholder: 'NAME', summary: "The registries' DNS suffix on this host. Default: localhost." },
  {
    name: 'fabric',
    kind: 'text',
    choices: ['none', 'world'],
    summary: 'world: networks and machines are real (Linux namespaces). none: registries, control plane and names only. Default: world.',
  },
  {
    name: 'azure-limits',
    kind: 'flag',
    summary: "Limit requests as Azure does: by the registry's tier, and by the management API's numbers. Off unless given.",
  },
  { name: 'certificate', kind: 'text', placeholder: 'FILE', summary: 'PEM certificate chain of your own for the domains; read again when it changes.' },
  { name: 'key', kind: 'text', placeholder: 'FILE', summary: 'PEM key of that certificate.' },
];

/** @throws Fault naming every bad flag. */
export function configOf(args: Arguments, data: string): Config {
  return configFrom({
    data,
    listen: args.text('listen'),
    public: args.text('public'),
    domain: args.text('domain'),
    hostDomain: args.text('host-domain'),
    fabric: args.text('fabric'),
    certificate: args.text('certificate'),
    key: args.text('key'),
    azureLimits: args.boolean('azure-limits'),
  });
}

/** The same flags again, for a process of one's own. */
export function flagsOf(args: Arguments): string[] {
  return UP_OPTIONS.flatMap(({ name, kind }) => {
    if (kind === 'flag') return args.boolean(name) ? [`--${name}`] : [];
    const value = args.text(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
}
