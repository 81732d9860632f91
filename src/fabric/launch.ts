/**
 * How a world is started, and why it may not be. The command line, from outside in:
 *
 *     setpriv --pdeathsig KILL       the kernel ends it when its parent ends, however that happens
 *     unshare [--user ...] ...       own network, mount and PID namespaces; an own user namespace where the caller has no rights
 *     sh                             process 1 of the world: takes in orphans, which Node does not
 *     node src/main.ts               the server
 *
 * Whether a machine allows a world is found out by starting it: some systems grant a user namespace and then no rights in it.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { toolPath } from './commands.ts';

/** Marks a world: made on its own /run before the server starts, and nowhere else. */
export const WORLD_FOLDER = '/run/postern';

/** The exit code of a world that was granted but is of no use. */
const USELESS = 97;

/**
 * The first process: makes the world usable, runs the command and ends with its code, which ends the world. The listeners are let go of,
 * so that nobody waits at a port whose server is gone.
 */
const FIRST_PROCESS = [
  `mount -n -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run && mkdir ${WORLD_FOLDER} /run/netns /run/lock && ip link set lo up || exit ${USELESS}`,
  '"$@" & server=$!',
  'exec 3>&- 4>&- 5>&-',
  'wait $server',
].join('\n');

/** The whole command line that runs `command` in a world of its own. */
export function worldCommand(command: readonly string[], rootless: boolean): readonly string[] {
  const user = rootless ? ['--user', '--map-root-user'] : [];
  return [
    'setpriv',
    '--pdeathsig',
    'KILL',
    'unshare',
    ...user,
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--mount-proc',
    '--kill-child',
    'sh',
    '-c',
    FIRST_PROCESS,
    'sh',
    ...command,
  ];
}

const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;

/** Whether this process needs a user namespace to have rights over the others. Capabilities decide, not the user id: root in a container may have none. */
export function needsUserNamespace(status: string = readFileSync('/proc/self/status', 'utf8')): boolean {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return [CAP_NET_ADMIN, CAP_SYS_ADMIN].some((capability) => ((effective >> capability) & 1n) === 0n);
}

/** Tool -> the Debian package that has it. */
const TOOLS = { setpriv: 'util-linux', unshare: 'util-linux', nsenter: 'util-linux', mount: 'mount', ip: 'iproute2' } as const;

/** A Fault `MissingTool` that names every missing tool and the command that installs them; undefined when all are there. */
export function missingTools(path: string = toolPath()): Fault | undefined {
  const missing = Object.entries(TOOLS).filter(([tool]) => !path.split(':').some((folder) => isExecutable(`${folder}/${tool}`)));
  if (missing.length === 0) return undefined;
  const packages = [...new Set(missing.map(([, name]) => name))];
  const tools = missing.map(([tool]) => `'${tool}'`).join(', ');
  return new Fault(
    'unavailable',
    'MissingTool',
    `This machine lacks ${tools}. On Debian and Ubuntu:\n  sudo apt-get install -y ${packages.join(' ')}\n${WITHOUT}`,
  );
}

const WITHOUT = 'Without networks and machines, but with registry, control plane and names, it starts with: --fabric none';

/**
 * Why a world ended before its server spoke: a Fault `NamespacesRefused` when the machine does not grant it, with the switch that would; undefined when it
 * was something else. `said` is what its tools wrote. `setting` reads a file below /proc/sys.
 */
export function refusalOf(
  code: number | null,
  said: string,
  rootless: boolean,
  setting: (name: string) => string | undefined = kernelSetting,
): Fault | undefined {
  if (code !== USELESS && !/^(?:unshare|setpriv): /m.test(said)) return undefined;
  const switches: string[] = [];
  if (rootless) {
    if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1') switches.push('kernel.apparmor_restrict_unprivileged_userns=0');
    if (setting('kernel/unprivileged_userns_clone') === '0') switches.push('kernel.unprivileged_userns_clone=1');
  }
  for (const kind of rootless ? ['user', 'net', 'mnt', 'pid'] : ['net', 'mnt', 'pid'])
    if (setting(`user/max_${kind}_namespaces`) === '0') switches.push(`user.max_${kind}_namespaces=15000`);
  const remedy =
    switches.length > 0
      ? `Switch them on with:\n  sudo sysctl -w ${switches.join(' ')}`
      : rootless
        ? 'Run it as root, or, in a container, start the container with --privileged.'
        : 'In a container, start the container with --privileged.';
  return new Fault(
    'unavailable',
    'NamespacesRefused',
    `This machine does not grant ${rootless ? 'an ordinary user' : 'this process'} the namespaces that networks and machines are made of (${said.trim().replace(/\s*\n\s*/g, '; ')}).\n${remedy}\n${WITHOUT}`,
  );
}

function kernelSetting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
