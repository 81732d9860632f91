/**
 * What a machine sees of the file system. Everything is the host's, but for:
 *
 *     /etc       the host's, read-only, under our resolv.conf, nsswitch.conf, trust store, hosts and hostname
 *     /var/lib   the host's, with the machine's own changes on top (package tools and engines keep state there)
 *     /run /tmp  its own and empty: sockets and files with credentials would cross between machines otherwise
 *     /root      its own and empty: the home of the one who runs commands there
 *     /var/lib/containers, docker, containerd
 *                its own and empty, where the host has them: engines' state is a machine's own, and the host's is closed to an ordinary user's world
 *     DATA       empty: keys and operator credentials
 *
 * The project and its Node stay visible wherever they lie, and /sys is not mounted anew, so that container engines find their control groups.
 */
import { RESOLVER } from '#topology/addresses.ts';

/** Path below /etc -> content. */
export type EtcFiles = Readonly<Record<string, string>>;

/** Where distributions keep the bundle that OpenSSL, Go and curl read, below /etc. */
export const TRUST_BUNDLES = ['ssl/certs/ca-certificates.crt', 'pki/tls/certs/ca-bundle.crt', 'ssl/ca-bundle.pem', 'ssl/cert.pem'] as const;
/** Our certificate authority alone, below /etc: for clients that add to their own trust. */
export const OWN_CA = 'postern/ca.pem';

/** The files that all machines share. `host` are the host's files as far as they can be read, below /etc. */
export function commonFiles(caPem: string, host: EtcFiles): EtcFiles {
  const bundle = TRUST_BUNDLES.map((path) => host[path]).find((content) => content !== undefined) ?? '';
  const trusted = `${bundle.trimEnd()}\n${caPem.trimEnd()}\n`.trimStart();
  const files: Record<string, string> = {
    'resolv.conf': `nameserver ${RESOLVER}\noptions edns0 timeout:2 attempts:2\n`,
    'nsswitch.conf': nsswitch(host['nsswitch.conf']),
    [OWN_CA]: caPem,
  };
  for (const path of TRUST_BUNDLES) if (host[path] !== undefined || path === TRUST_BUNDLES[0]) files[path] = trusted;
  return files;
}

/** The files of one machine. 127.0.1.1 is what Debian gives a host's own name: its real addresses may change. */
export function machineFiles(name: string): EtcFiles {
  return { hostname: `${name}\n`, hosts: `127.0.0.1 localhost\n127.0.1.1 ${name}\n` };
}

/** The host's table with names looked up in files, then DNS, and by nothing that would leave the machine's network. */
function nsswitch(host: string | undefined): string {
  const lines = (host ?? 'passwd: files\ngroup: files\nshadow: files\n').split('\n').filter((line) => !/^\s*hosts\s*:/.test(line));
  return `${lines.join('\n').trimEnd()}\nhosts: files dns\n`;
}

export interface MountPlan {
  readonly name: string;
  /** A folder of this machine on a tmpfs of the world: `etc`, `new`, `upper`, `work` are made in it. */
  readonly folder: string;
  /** The folder with the files that all machines share. */
  readonly common: string;
  /** Absolute paths that stay visible. */
  readonly keep: readonly string[];
  /** Absolute paths of folders that look empty. */
  readonly hide: readonly string[];
  /** False where overlayfs cannot be had: /etc is a copy then. */
  readonly overlay?: boolean;
}

/** /run is the last: what the others are put together in lies there. */
const OWN_PLACES = [
  ['/tmp', '1777'],
  ['/var/tmp', '1777'],
  // Container engines keep locks here, by names that are the same in every machine.
  ['/dev/shm', '1777'],
  ['/root', '700'],
  ['/var/lib/containers', '700'],
  ['/var/lib/docker', '700'],
  ['/var/lib/containerd', '700'],
  ['/run', '755'],
] as const;

/**
 * The script that makes a machine's mounts, to be run by `sh -e` in a new mount and UTS namespace. It prints `ready` and then waits for its input to end,
 * so that the namespaces can be taken hold of.
 */
export function mountScript({ name, folder, common, keep, hide, overlay = true }: MountPlan): string {
  const at = (path: string): string => quote(`${folder}/${path}`);
  const lines = [`hostname ${quote(name)} 2>/dev/null || :`, `mkdir -p ${at('new')} ${at('upper')} ${at('work')}`];
  const copy = [
    `mount -n -t tmpfs tmpfs ${at('new')}`,
    `cp -RP /etc/. ${at('new')} 2>/dev/null || :`,
    `cp -RP --remove-destination ${quote(`${common}/.`)} ${at('etc')}/. ${at('new')}`,
    `mount -n -o remount,bind,ro ${at('new')}`,
    `mount -n --move ${at('new')} /etc`,
  ].join('; ');
  const layered = `mount -n -t overlay -o ${quote(`ro,lowerdir=${folder}/etc:${common}:/etc`)} overlay /etc 2>/dev/null`;
  lines.push(overlay ? `${layered} || { ${copy}; }` : copy);
  if (overlay)
    lines.push(`mount -n -t overlay -o ${quote(`lowerdir=/var/lib,upperdir=${folder}/upper,workdir=${folder}/work`)} overlay /var/lib 2>/dev/null || :`);
  for (const [place, mode] of OWN_PLACES) {
    // Put together beside, then moved into place, for what is kept must be reached by its old path until then.
    const steps = [`mount -n -t tmpfs -o nosuid,nodev,mode=${mode} tmpfs ${at('new')}`];
    if (place === '/run') steps.push(`mkdir -m 1777 ${at('new/lock')}`);
    for (const path of keep.filter((each) => each.startsWith(`${place}/`))) {
      const inside = at(`new${path.slice(place.length)}`);
      steps.push(`mkdir -p ${inside}`, `mount -n --rbind ${quote(path)} ${inside}`);
    }
    steps.push(`mount -n --move ${at('new')} ${place}`);
    lines.push(`if [ -d ${place} ]; then ${steps.join('; ')}; fi`);
  }
  for (const path of hide) lines.push(`if [ -d ${quote(path)} ]; then mount -n -t tmpfs -o ro,nosuid,nodev,mode=500 tmpfs ${quote(path)}; fi`);
  return [...lines, 'cd /', 'echo ready', 'read -r _ || :'].join('\n');
}

/** A word of the shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
