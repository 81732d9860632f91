/** `postern vm docker`: a Docker daemon in a machine, so that `docker` works there as in a Docker-enabled virtual machine. */
import { command } from '../../command.ts';
import { runInMachine } from '../../machine-command.ts';
import { nameOption, RESOURCE_GROUP } from '../../options.ts';

/**
 * Makes no network and no container network rules, keeps everything in the machine's own /run, and takes no control groups, so that it runs in the world of an
 * ordinary user too. `$1` is the machine's name.
 */
const SCRIPT = `
set -eu
for program in containerd dockerd; do
  command -v $program >/dev/null || { echo "ERROR: this host has no $program. Install it: apt-get install docker.io" >&2; exit 3; }
done
state=/run/engine
if [ -f $state/pid ] && kill -0 "$(cat $state/pid)" 2>/dev/null; then
  echo "ERROR: Docker already runs in $1." >&2
  exit 1
fi
rm -rf $state /run/docker.sock
mkdir -p $state/bin
# What the daemon takes for granted where it has no rights over the kernel: its settings elsewhere than /etc, and a forwarder of ports, which is never started.
export ROOTLESSKIT_STATE_DIR=$state XDG_CONFIG_HOME=$state/config XDG_DATA_HOME=$state/data XDG_RUNTIME_DIR=$state
ln -s /bin/true $state/bin/rootlesskit-docker-proxy
PATH=$state/bin:$PATH
containerd=
docker=
trap 'kill $docker $containerd 2>/dev/null || :; wait' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
until_there() {
  while [ ! -S "$1" ]; do
    kill -0 "$2" 2>/dev/null || { tail -n 20 $state/log >&2; exit 1; }
    sleep 0.02
  done
}
containerd --root $state/containerd --state $state/containerd-state --address $state/containerd.sock --log-level error >>$state/log 2>&1 &
containerd=$!
until_there $state/containerd.sock $containerd
dockerd --containerd $state/containerd.sock --data-root $state/docker --exec-root $state/exec --pidfile $state/pid --group root --storage-driver vfs \
  --bridge none --iptables=false --ip6tables=false --host unix:///run/docker.sock >>$state/log 2>&1 &
docker=$!
until_there /run/docker.sock $docker
echo "Docker runs in $1 until Ctrl-C. Next, in another terminal:  postern exec --vm $1 -- docker pull myregistry.azurecr.io/hello-world:v1" >&2
wait $docker
`;

export default command({
  path: 'vm docker',
  summary: 'Run a Docker daemon in a virtual machine, until Ctrl-C.',
  options: [nameOption('virtual machine'), { ...RESOURCE_GROUP, required: false, summary: 'Name of its resource group; needed when the name is used twice.' }],
  notes:
    'It pulls and pushes; containers have no network but --network host. What it pulled is gone with the machine. Its log is /run/engine/log in the machine.',
  examples: ['postern vm docker -n vm-app', 'postern exec --vm vm-app -- az acr login --name myregistry'],
  run: async (args, context) => {
    const name = args.need('name');
    await runInMachine(context, { name, group: args.text('resource-group') }, ['sh', '-c', SCRIPT, 'docker', name]);
    return undefined;
  },
});
