/** The configuration: one plain object, from defaults, the environment and flags. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type DomainName, parseDomainName } from '#base/domain-name.ts';
import { Fault } from '#base/fault.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** The URL by which a listener is dialled on this host: all addresses stand for the loopback one. */
export function urlOf({ host, port }: HostPort): string {
  const dialled = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `https://${dialled.includes(':') ? `[${dialled}]` : dialled}:${port}`;
}

export interface Config {
  /** Absolute path of the data folder. */
  readonly data: string;
  /** The management API on the host. */
  readonly listen: HostPort;
  /** The registries' public listener on the host. */
  readonly public: HostPort;
  /** The registries' DNS suffix in the world. */
  readonly domain: DomainName;
  /** The registries' DNS suffix on the host. */
  readonly hostDomain: DomainName;
  readonly fabric: 'world' | 'none';
  /** Whether Azure's limits of requests hold, and what else of its unfriendliness is imitated only on demand; see docs/azure-limits.md. */
  readonly azureLimits: boolean;
  /** PEM files of an own certificate for `domain` and `hostDomain`; reloaded when they change. */
  readonly certificate: { readonly certificateFile: string; readonly keyFile: string } | undefined;
}

/** Where the data folder is when nobody says: POSTERN_DATA, else below XDG_DATA_HOME, else below the home folder. */
export function dataFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(environment.POSTERN_DATA ?? join(environment.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'postern'));
}

/** Flags as given on the command line, all optional. */
export interface Flags {
  data?: string | undefined;
  listen?: string | undefined;
  public?: string | undefined;
  domain?: string | undefined;
  hostDomain?: string | undefined;
  fabric?: string | undefined;
  certificate?: string | undefined;
  key?: string | undefined;
  azureLimits?: boolean | undefined;
}

/** The configuration for `up`. @throws Fault with every bad flag named. */
export function configFrom(flags: Flags, environment: NodeJS.ProcessEnv = process.env): Config {
  const faults: Fault[] = [];
  const bad = <T>(flag: string, message: string, stand: T): T => {
    faults.push(new Fault('invalid', 'InvalidFlag', `--${flag}: ${message}`, { target: flag }));
    return stand;
  };
  const hostPort = (flag: 'listen' | 'public', fallback: string): HostPort => {
    const text = flags[flag] ?? fallback;
    const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
    const port = Number(match?.[2]);
    if (!match || port > 65535) return bad(flag, `'${text}' is not HOST:PORT, for example ${fallback}`, { host: '', port: 0 });
    return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port };
  };
  const domain = (flag: string, text: string): DomainName => {
    const name = parseDomainName(text);
    return name ? name : bad(flag, `'${text}' is not a DNS name`, '' as DomainName);
  };
  const fabric = flags.fabric ?? 'world';
  if (fabric !== 'world' && fabric !== 'none') bad('fabric', `'${fabric}' is neither 'world' nor 'none'`, null);
  if ((flags.certificate === undefined) !== (flags.key === undefined)) bad('certificate', '--certificate and --key go together', null);
  const config: Config = {
    data: flags.data === undefined ? dataFolder(environment) : resolve(flags.data),
    listen: hostPort('listen', '127.0.0.1:8443'),
    public: hostPort('public', '127.0.0.1:5443'),
    domain: domain('domain', flags.domain ?? 'azurecr.io'),
    hostDomain: domain('host-domain', flags.hostDomain ?? 'localhost'),
    fabric: fabric === 'none' ? 'none' : 'world',
    azureLimits: flags.azureLimits ?? false,
    certificate:
      flags.certificate !== undefined && flags.key !== undefined ? { certificateFile: resolve(flags.certificate), keyFile: resolve(flags.key) } : undefined,
  };
  if (faults.length > 0) throw new Fault('invalid', 'InvalidFlags', faults.map((fault) => fault.message).join('\n'), { details: faults });
  return config;
}
