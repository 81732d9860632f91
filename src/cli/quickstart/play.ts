/**
 * The quickstart's steps: a registry that is reached by private endpoint, from nothing to a cut transfer and back.
 * Everything goes through public interfaces, and each step states what must be so; playing them again on the same world holds as well.
 */
import { parsePrefix, prefixContains } from '#base/ip.ts';
import type { JsonObject } from '#base/json.ts';
import type { Instance } from '#instance.ts';
import type { Management } from '../management.ts';
import { Clients, type Report } from './clients.ts';
import { Commands } from './commands.ts';
import { hold, holdSame, type Steps } from './steps.ts';

export const GROUP = 'rg';
export const REGION = 'westeurope';
export const REGISTRY = 'myregistry';
const REPOSITORY = 'app';
const TAG = 'v1';
const ENDPOINT = 'pe-registry';
const MIB = 1024 * 1024;

/** Where things are once the endpoint stands. */
interface Places {
  readonly registryId: string;
  readonly login: string;
  readonly data: string;
  readonly loginAddress: string;
  readonly dataAddress: string;
  readonly connection: string;
}

/** Plays all that the fabric allows. @throws StepFailure at the first step that does not hold */
export async function play(options: { steps: Steps; management: Management; instance: Instance; data: string }): Promise<void> {
  const { steps, management, instance, data } = options;
  const commands = new Commands(management, data);
  const clients = new Clients(data, GROUP);
  try {
    const places = await build(steps, commands, instance);
    if (instance.fabric === 'none') {
      for (const title of INSIDE_TITLES) steps.skip(title, '--fabric none has no machines');
      await closeControlPlane(steps, commands, places);
      return;
    }
    await transfer(steps, clients, places);
    await refuse(steps, commands, clients, management, places);
  } finally {
    clients.stop();
  }
}

const INSIDE_TITLES = [
  'names from vm-app: private addresses',
  'names from vm-outside: the public chain',
  `push ${REPOSITORY}:${TAG} from vm-build`,
  `pull ${REPOSITORY}:${TAG} in vm-app`,
  'vm-outside is refused',
  'vm-app still pulls',
  'rejected: a transfer in flight is cut',
  'new connections are refused',
  'approved again: vm-app pulls',
];

/** The resources, each made where it is missing. */
async function build(steps: Steps, commands: Commands, instance: Instance): Promise<Places> {
  await steps.step(`resource group ${GROUP}`, async () => {
    for (const namespace of ['ContainerRegistry', 'Network', 'Compute', 'ManagedIdentity']) await commands.run(`provider register -n Microsoft.${namespace}`);
    return commands.ensure('group', `-n ${GROUP}`, `-l ${REGION}`);
  });
  const registry = await steps.step(
    `registry ${REGISTRY} (Premium, ${REGION})`,
    async () => {
      const made = await commands.ensure('acr', `-n ${REGISTRY} -g ${GROUP}`, `--sku Premium -l ${REGION}`);
      holdSame([made.location, (made.sku as JsonObject).name, made.provisioningState], [REGION, 'Premium', 'Succeeded'], 'its region, SKU and state');
      return made;
    },
    (made) => String(made.loginServer),
  );
  await steps.step('network vnet-app 10.0.0.0/16, two subnets', async () => {
    await commands.ensure('network vnet', `-n vnet-app -g ${GROUP}`, '--address-prefixes 10.0.0.0/16 --subnet-name machines --subnet-prefixes 10.0.0.0/24');
    await commands.ensure('network vnet subnet', `-n endpoints -g ${GROUP} --vnet-name vnet-app`, '--address-prefixes 10.0.1.0/24');
  });
  await steps.step('network vnet-outside, not linked', () =>
    commands.ensure('network vnet', `-n vnet-outside -g ${GROUP}`, '--address-prefixes 10.9.0.0/16 --subnet-name machines --subnet-prefixes 10.9.0.0/24'),
  );
  await steps.step('identities pusher (AcrPush) and puller (AcrPull)', async () => {
    for (const [name, role] of [
      ['pusher', 'AcrPush'],
      ['puller', 'AcrPull'],
    ] as const) {
      const identity = await commands.ensure('identity', `-n ${name} -g ${GROUP}`);
      const held = (await commands.run(
        `role assignment list --assignee ${identity.principalId} --role ${role} --scope`,
        String(registry.id),
      )) as unknown as JsonObject[];
      if (held.length === 0)
        await commands.run(
          `role assignment create --assignee-object-id ${identity.principalId} --assignee-principal-type ServicePrincipal --role ${role} --scope`,
          String(registry.id),
        );
    }
  });
  if (instance.fabric === 'none') steps.skip('machines vm-build, vm-app, vm-outside', '--fabric none has no machines');
  else
    await steps.step('machines vm-build, vm-app, vm-outside', async () => {
      await commands.ensure('vm', `-n vm-build -g ${GROUP}`, '--vnet-name vnet-app --subnet machines --assign-identity pusher');
      await commands.ensure('vm', `-n vm-app -g ${GROUP}`, '--vnet-name vnet-app --subnet machines --assign-identity puller');
      await commands.ensure('vm', `-n vm-outside -g ${GROUP}`, '--vnet-name vnet-outside --subnet machines');
    });
  const zone = `privatelink.${instance.domain}`;
  await steps.step(`zone ${zone}, linked to vnet-app`, async () => {
    await commands.ensure('network private-dns zone', `-n ${zone} -g ${GROUP}`);
    const link = await commands.ensure(
      'network private-dns link vnet',
      `-n link -g ${GROUP} -z ${zone}`,
      '--virtual-network vnet-app --registration-enabled false',
    );
    holdSame(link.virtualNetworkLinkState, 'Completed', "the link's state");
  });
  return steps.step(
    `private endpoint ${ENDPOINT} with its zone group`,
    () => endpoint(commands, registry, zone),
    ({ loginAddress, dataAddress }) => `registry ${loginAddress}, registry_data_${REGION} ${dataAddress}`,
  );
}

/** The endpoint, its two addresses by member, its Approved connection, and its records in the zone. */
async function endpoint(commands: Commands, registry: JsonObject, zone: string): Promise<Places> {
  const registryId = String(registry.id);
  const made = await commands.ensure(
    'network private-endpoint',
    `-n ${ENDPOINT} -g ${GROUP}`,
    '--vnet-name vnet-app --subnet endpoints --group-ids registry --connection-name con --private-connection-resource-id',
    registryId,
  );
  await commands.ensure(
    'network private-endpoint dns-zone-group',
    `-n default -g ${GROUP} --endpoint-name ${ENDPOINT}`,
    `--private-dns-zone ${zone} --zone-name acr`,
  );
  const nicId = String(((made.networkInterfaces as JsonObject[])[0] as JsonObject).id);
  const nic = await commands.run('network nic show --ids', nicId);
  const addressOf = new Map(
    (nic.ipConfigurations as JsonObject[]).map((configuration) => [
      String((configuration.privateLinkConnectionProperties as JsonObject).requiredMemberName),
      String(configuration.privateIPAddress),
    ]),
  );
  const member = `registry_data_${REGION}`;
  holdSame([...addressOf.keys()].sort(), ['registry', member], "the endpoint's members");
  const subnet = parsePrefix('10.0.1.0/24');
  for (const [name, address] of addressOf)
    hold(subnet !== undefined && prefixContains(subnet, address), `${name} has ${address}, which is not in the endpoints' subnet`);

  const connections = (await commands.run(`acr private-endpoint-connection list -r ${REGISTRY}`)) as unknown as JsonObject[];
  const connection = connections.find((one) => String((one.privateEndpoint as JsonObject).id).toLowerCase() === String(made.id).toLowerCase());
  hold(connection !== undefined, 'the registry has no connection of the endpoint');
  // A run that was broken off may have left it rejected.
  let { status } = connection.privateLinkServiceConnectionState as JsonObject;
  if (status === 'Rejected') status = stateOf(await commands.run(`acr private-endpoint-connection approve -r ${REGISTRY} -n ${connection.name}`));
  holdSame(status, 'Approved', "the connection's state");

  const places: Places = {
    registryId,
    login: String(registry.loginServer),
    data: `${REGISTRY}.${REGION}.data.${String(registry.loginServer).slice(REGISTRY.length + 1)}`,
    loginAddress: addressOf.get('registry') as string,
    dataAddress: addressOf.get(member) as string,
    connection: String(connection.name),
  };
  const records = (await commands.run(`network private-dns record-set a list -g ${GROUP} -z ${zone}`)) as unknown as JsonObject[];
  const inZone = new Map(records.map((record) => [String(record.name), (record.aRecords as JsonObject[]).map((one) => one.ipv4Address)]));
  holdSame(inZone.get(REGISTRY), [places.loginAddress], `the zone's record ${REGISTRY}`);
  holdSame(inZone.get(`${REGISTRY}.${REGION}.data`), [places.dataAddress], `the zone's record ${REGISTRY}.${REGION}.data`);
  return places;
}

function stateOf(connection: JsonObject): string {
  return String((connection.privateLinkServiceConnectionState as JsonObject).status);
}

/** Names, push and pull. */
async function transfer(steps: Steps, clients: Clients, places: Places): Promise<void> {
  await steps.step(
    'names from vm-app: private addresses',
    async () => {
      const { servers, answers } = await clients.run('vm-app', 'lookup', places.login, places.data);
      holdSame(servers, ['168.63.129.16'], "vm-app's resolver");
      holdSame(
        answers,
        [
          { name: places.login, chain: [privateName(places, places.login)], addresses: [places.loginAddress] },
          { name: places.data, chain: [privateName(places, places.data)], addresses: [places.dataAddress] },
        ],
        'what vm-app is told',
      );
    },
    () => `${places.login} → ${privateName(places, places.login)} → ${places.loginAddress}`,
  );
  await steps.step(
    'names from vm-outside: the public chain',
    async () => {
      const { chain = [], addresses = [] } = (await clients.run('vm-outside', 'lookup', places.login)).answers[0] ?? {};
      holdSame(chain[0], privateName(places, places.login), 'the first name of the public chain');
      hold(chain.length > 1, `the public chain ends at ${chain[0]}`);
      hold(addresses.length > 0 && !addresses.some(isPrivate), `vm-outside was told the private address ${addresses}`);
      return `… → ${chain.at(-1)} → ${addresses[0]}`;
    },
    (chain) => chain,
  );
  const pushed = await steps.step(
    `push ${REPOSITORY}:${TAG} from vm-build`,
    async () => {
      const report = await clients.run('vm-build', 'oci-client', 'push', places.login, REPOSITORY, TAG);
      hold(report.layers.length >= 4 && report.layers.some(({ size }) => size >= 20 * MIB), 'the image is too small to show anything');
      holdAddresses(report, places);
      return report;
    },
    (report) => `${report.layers.length} layers, ${megabytes(report.bytes)} sent, ${report.digest.slice(0, 19)}…`,
  );
  await steps.step(`pull ${REPOSITORY}:${TAG} in vm-app`, () => pull(clients, places, pushed.digest), pulled);
}

/** Pulls in vm-app: the same image, every digest right, every layer byte from the data endpoint's private address. */
async function pull(clients: Clients, places: Places, digest?: string): Promise<Report> {
  const report = await clients.run('vm-app', 'oci-client', 'pull', places.login, REPOSITORY, TAG);
  if (digest !== undefined) holdSame(report.digest, digest, 'the digest that arrived');
  holdAddresses(report, places);
  for (const blob of report.blobs) holdSame([blob.host, blob.address], [places.data, places.dataAddress], `where ${blob.digest.slice(0, 19)}… came from`);
  return report;
}

function pulled(report: Report): string {
  return `${megabytes(report.bytes)} from ${report.blobs[0]?.host} at ${report.blobs[0]?.address}`;
}

/** Every request to the registry went to the private address of its host. */
function holdAddresses(report: Report, places: Places): void {
  for (const { host, path, address } of report.exchanges) {
    if (host === places.login) holdSame(address, places.loginAddress, `the address of https://${host}${path}`);
    if (host === places.data) holdSame(address, places.dataAddress, `the address of https://${host}${path}`);
  }
}

/** Public access off, refusal, rejection in flight, approval. */
async function refuse(steps: Steps, commands: Commands, clients: Clients, management: Management, places: Places): Promise<void> {
  await disablePublicAccess(steps, commands);
  await steps.step(
    'vm-outside is refused',
    async () => {
      const seen = await clients.run('vm-outside', 'probe', `https://${places.login}/v2/`);
      hold(seen.connected, `vm-outside could not connect: ${seen.code}`);
      holdSame(seen.status, 403, 'the status vm-outside sees');
      const { errors } = JSON.parse(seen.body) as { errors: { code: string; message: string }[] };
      const egress = await egressAddress(management);
      const text = `client with IP '${egress}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.`;
      hold(errors[0]?.code === 'DENIED' && errors[0].message === text, `the refusal should read "${text}" and reads "${errors[0]?.message}"`, seen.requestId);
      return { egress, requestId: seen.requestId };
    },
    ({ egress, requestId }) => `403 for ${egress}, its network's public address (postern why ${requestId})`,
  );
  const before = await steps.step('vm-app still pulls', () => pull(clients, places), pulled);
  const transferring = clients.begin('vm-app', 'oci-client', 'hold', places.login, REPOSITORY, TAG);
  await steps.step(
    'rejected: a transfer in flight is cut',
    async () => {
      const begun = await transferring.next();
      hold(begun.event === 'in-flight', 'the transfer did not begin');
      holdSame(begun.address, places.dataAddress, 'the address of the transfer');
      holdSame(
        stateOf(await commands.run(`acr private-endpoint-connection reject -r ${REGISTRY} -n ${places.connection} --description Quickstart`)),
        'Rejected',
        "the connection's state",
      );
      transferring.resume();
      const end = await transferring.next();
      hold(end.cut, `the transfer went on to its end: ${end.received} of ${end.size} bytes`);
      return end;
    },
    (end) => `${end.code} after ${megabytes(end.received)} of ${megabytes(end.size)}`,
  );
  transferring.stop();
  await steps.step(
    'new connections are refused',
    async () => {
      const url = `https://${places.login}/v2/`;
      const codes: string[] = [];
      for (const address of [places.loginAddress, places.dataAddress]) {
        const seen = await clients.run('vm-app', 'probe', url, address);
        hold(!seen.connected, `${address} still answers: ${seen.status}`, seen.requestId);
        hold(['ECONNRESET', 'ECONNREFUSED'].includes(seen.code), `${address} should reset and vm-app sees ${seen.code}`);
        codes.push(`${seen.code} at ${address}`);
      }
      // The name still leads to the endpoint: nobody is sent to the public side unawares.
      for (const [name, address] of [
        [places.login, places.loginAddress],
        [places.data, places.dataAddress],
      ]) {
        const seen = await clients.run('vm-app', 'probe', `https://${name}/v2/`);
        hold(!seen.connected, `${name} still answers vm-app: ${seen.status} from ${seen.address}`, seen.requestId);
        holdSame([seen.code, seen.address], ['ECONNRESET', address], `how ${name} refuses vm-app, and where`);
      }
      return `${codes.join(', ')}, by name too`;
    },
    (codes) => codes,
  );
  await steps.step(
    'approved again: vm-app pulls',
    async () => {
      holdSame(
        stateOf(await commands.run(`acr private-endpoint-connection approve -r ${REGISTRY} -n ${places.connection} --description Quickstart`)),
        'Approved',
        "the connection's state",
      );
      return pull(clients, places, before.digest);
    },
    pulled,
  );
}

/** What is left of `refuse` without machines: the states. */
async function closeControlPlane(steps: Steps, commands: Commands, places: Places): Promise<void> {
  await disablePublicAccess(steps, commands);
  for (const [verb, state] of [
    ['reject', 'Rejected'],
    ['approve', 'Approved'],
  ] as const)
    await steps.step(`connection: ${verb}`, async () =>
      holdSame(
        stateOf(await commands.run(`acr private-endpoint-connection ${verb} -r ${REGISTRY} -n ${places.connection} --description Quickstart`)),
        state,
        "the connection's state",
      ),
    );
}

async function disablePublicAccess(steps: Steps, commands: Commands): Promise<void> {
  await steps.step('public access disabled', async () =>
    holdSame((await commands.run(`acr update -n ${REGISTRY} --public-network-enabled false`)).publicNetworkAccess, 'Disabled', "the registry's public access"),
  );
}

/** The public address of vm-outside's network, as the operator's view of the machine states it. */
async function egressAddress(management: Management): Promise<string> {
  const { value } = (await management.ask('GET', '/postern/machines?name=vm-outside')).body as unknown as { value: { id: string; egressAddress: string }[] };
  const machine = value.find(({ id }) => id.toLowerCase().includes(`/resourcegroups/${GROUP}/`));
  hold(machine !== undefined, 'the server does not know vm-outside');
  return machine.egressAddress;
}

function privateName(places: Places, name: string): string {
  const domain = places.login.slice(REGISTRY.length + 1);
  return `${name.slice(0, -domain.length)}privatelink.${domain}`;
}

/** RFC 1918. */
function isPrivate(address: string): boolean {
  return ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].some((text) => {
    const prefix = parsePrefix(text);
    return prefix !== undefined && prefixContains(prefix, address);
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
