/** `postern acr check-health`: what stands between this place and a registry, step by step, with az's words for each thing that can be wrong. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { parseResourceId } from '#base/resource-id.ts';
import { runningInstance } from '#instance.ts';
import { command } from '../../command.ts';
import type { Context } from '../../context.ts';
import { Refusal } from '../../failure.ts';
import { insideMachine } from '../../machine-session.ts';
import { nameOption, YES } from '../../options.ts';
import { type RegistryClient, registryClient } from '../../registry-client.ts';
import { findRegistry, REGISTRY_TYPE, resourcePath } from '../../resources.ts';
import { runTool } from '../../tools.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);
const NETWORK_TYPE = 'Microsoft.Network/virtualNetworks';
/** What az pulls to see whether docker can. */
const IMAGE = 'mcr.microsoft.com/mcr/hello-world:latest';

/** One of az's error titles with what it says. */
class HealthError extends Error {
  constructor(title: string, message: string) {
    super(`An error occurred: ${title}\n${message}`);
  }
}

export default command({
  path: 'acr check-health',
  summary: 'Check what stands between this place and a registry: docker, names, TLS, sign-in; with --vnet the names in a virtual network.',
  options: [
    nameOption('registry', { required: false }),
    { name: 'vnet', kind: 'text', placeholder: 'NAME_OR_ID', summary: 'Also check that the names lead to the private endpoints in this virtual network.' },
    { name: 'repository', kind: 'text', placeholder: 'REPOSITORY', summary: 'Sign in for this repository.' },
    { name: 'ignore-errors', kind: 'flag', summary: 'Go on after what is wrong, and end with 0.' },
    YES,
  ],
  notes:
    'In a machine names are looked up by its resolver. On the host the registry is reached by the public listener, and --vnet asks the server what that network resolves.',
  examples: ['postern acr check-health --name myregistry --ignore-errors --yes', 'postern acr check-health --name myregistry --vnet vnet-app'],
  run: async (args, context) => {
    const ignore = args.boolean('ignore-errors') === true;
    /** Runs a step; what is wrong with it ends the command, or is only told. */
    const step = async (run: () => Promise<void>): Promise<boolean> => {
      try {
        await run();
        return true;
      } catch (error) {
        if (!ignore) throw error;
        context.err(`ERROR: ${(error as Error).message}\n`);
        return false;
      }
    };
    const name = args.text('name');
    await step(() => checkDocker(context, args.boolean('yes') === true));
    if (name === undefined) context.warn('Registry name must be provided to check connectivity.');
    else {
      const client = await registryClient(context, name);
      await step(() => checkRegistry(context, client, name, args.text('repository'))).finally(() => client.close());
      const network = args.text('vnet');
      // As in az, what is wrong with the names of a network ends the command whatever is to be ignored.
      if (network !== undefined) await checkNetwork(context, name, network);
    }
    await step(() => checkHelm(context));
    // az 2.45 checks for it too: content trust was by notary then.
    await step(async () => {
      const notary = await runTool('notary', ['version']);
      if (notary.exitCode === undefined) throw new HealthError('NOTARY_COMMAND_ERROR', 'Please verify if notary is installed.');
      context.warn(`Notary version: ${notary.stdout.trim()}`);
    });
    return undefined;
  },
});

function pass(context: Context, what: string): void {
  context.warn(`${what} : OK`);
}

async function checkDocker(context: Context, yes: boolean): Promise<void> {
  const daemon = await runTool('docker', ['ps']);
  if (daemon.exitCode === undefined) throw new HealthError('DOCKER_COMMAND_ERROR', 'Please verify if Docker client is installed and running.');
  if (daemon.stderr.trim() !== '') throw new HealthError('DOCKER_COMMAND_ERROR', daemon.stderr.trim());
  context.warn('Docker daemon status: available');
  const version = await runTool('docker', [
    'version',
    '--format',
    '{{.Client.Version}}, build {{.Client.GitCommit}}, platform {{.Client.Os}}/{{.Client.Arch}}',
  ]);
  if (version.exitCode !== 0)
    throw new HealthError('DOCKER_VERSION_ERROR', 'An error occurred while retrieving Docker version. Please try verifying it manually.');
  context.warn(`Docker version: ${version.stdout.trim()}`);
  // On the host that name is Microsoft's: nothing of it is asked from here.
  if (runningInstance(context.data)) return;
  if (!yes) await context.confirm(`This will pull the image ${IMAGE}. Proceed?`);
  const pulled = await runTool('docker', ['pull', IMAGE]);
  if (pulled.exitCode !== 0)
    throw new HealthError(
      'DOCKER_PULL_ERROR',
      `An error occurred while pulling a sample image. Please validate your network connection and verify if Docker daemon is running properly.\n${pulled.stderr.trim()}`,
    );
  pass(context, `Docker pull of '${IMAGE}'`);
}

async function checkHelm(context: Context): Promise<void> {
  const helm = await runTool('helm', ['version', '--client']);
  if (helm.exitCode === undefined) throw new HealthError('HELM_COMMAND_ERROR', 'Please verify if Helm is installed.');
  if (helm.exitCode !== 0)
    throw new HealthError(
      'HELM_VERSION_ERROR',
      'An error occurred while retrieving Helm version. Please make sure that you have the latest Azure CLI version, and that you are using the recommended Helm version.',
    );
  context.warn(`Helm version: ${/(?:SemVer|Version):"v([.\d]+)"/.exec(helm.stdout)?.[1] ?? helm.stdout.trim()}`);
}

async function checkRegistry(context: Context, client: RegistryClient, name: string, repository: string | undefined): Promise<void> {
  const host = client.authority;
  let probed: Awaited<ReturnType<RegistryClient['probe']>>;
  try {
    probed = await client.probe();
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (/ENOTFOUND|EAI_/.test(code))
      throw new HealthError(
        'CONNECTIVITY_DNS_ERROR',
        `Failed to reach DNS for registry '${host}'. Please check if the spelling is correct, if the CLI environment is on correct cloud and your network connectivity.`,
      );
    if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code))
      throw new HealthError('CONNECTIVITY_SSL_ERROR', `Unable to establish a secure connection to the registry '${host}'. Are you using a proxy server?`);
    throw new HealthError('CONNECTIVITY_CHALLENGE_ERROR', `Registry '${host}' did not issue a challenge.\n${message}`);
  }
  pass(context, `DNS lookup to ${host} at IP ${probed.address}`);
  if (probed.answer.status === 403)
    throw new HealthError(
      'CONNECTIVITY_FORBIDDEN_ERROR',
      `Looks like you don't have access to registry '${host}'. To see configured firewall rules, run 'postern acr show --query networkRuleSet --name ${name}'.`,
    );
  try {
    await client.challenge();
  } catch {
    throw new HealthError('CONNECTIVITY_CHALLENGE_ERROR', `Registry '${host}' did not issue a challenge.`);
  }
  pass(context, `Challenge endpoint https://${host}/v2/`);
  const token = async (title: string, run: () => Promise<unknown>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new HealthError(
        title,
        `Access to registry '${host}' was denied. Response code: ${error.status}. Please try running 'postern login' again to refresh permissions.`,
      );
    }
  };
  await token('CONNECTIVITY_REFRESH_TOKEN_ERROR', () => client.refreshToken());
  pass(context, `Fetch refresh token for registry '${host}'`);
  const scope = repository === undefined ? 'registry:None:*' : `repository:${repository}:pull,push,metadata_read`;
  await token('CONNECTIVITY_ACCESS_TOKEN_ERROR', () => client.accessToken(scope));
  pass(context, `Fetch access token for ${repository === undefined ? '' : `repository '${repository}' in `}registry '${host}'`);
}

/** What `/postern/evidence` says of networks. */
interface NetworkNames {
  readonly networks?: readonly { readonly network: string; readonly names: readonly { readonly name: string; readonly addresses?: readonly string[] }[] }[];
}

/** What names lead to: in a machine for that machine, whichever network it is in, as az asks; on the host for the network, as the server tells it. */
async function resolverOf(context: Context, registry: string, network: string): Promise<(name: string) => Promise<string | undefined>> {
  // The C library's answer is what the machine's programs get.
  if (insideMachine()) return async (name) => /^[\d.]+/.exec((await runTool('getent', ['ahostsv4', name])).stdout)?.[0];
  const server = await context.management();
  const { networks = [] } = (await server.ask('GET', `/postern/evidence?registry=${encodeURIComponent(registry)}`)).body as unknown as NetworkNames;
  const names = networks.find((one) => one.network === network.toLowerCase())?.names ?? [];
  return async (name) => names.find((one) => one.name === name)?.addresses?.[0];
}

/** Every name of the registry's endpoints in the network, with the address that it should have there. */
async function checkNetwork(context: Context, name: string, vnet: string): Promise<void> {
  const server = await context.management();
  const registry = await server.get(await findRegistry(context, name, undefined), VERSION);
  const connections = objects(isJsonObject(registry.properties) ? registry.properties.privateEndpointConnections : undefined);
  if (connections.length === 0) throw new Error(`Registry "${name}" doesn't have private endpoints to verify DNS routings.`);
  const { id } = parseResourceId(String(registry.id));
  const network = vnet.startsWith('/') ? vnet : resourcePath(id.slice(0, id.toLowerCase().indexOf('/providers/')), NETWORK_TYPE, [vnet]);
  const expected = new Map<string, string>();
  for (const connection of connections) {
    const endpoint = await server.find(idOf(connection, 'privateEndpoint'), apiVersionOf(NETWORK_TYPE));
    const subnet = endpoint === undefined ? '' : idOf(endpoint, 'subnet');
    if (!subnet.toLowerCase().startsWith(`${network.toLowerCase()}/`)) continue;
    const [nic] = objects(isJsonObject(endpoint?.properties) ? endpoint.properties.networkInterfaces : undefined);
    const read = await server.get(String(nic?.id), apiVersionOf(NETWORK_TYPE));
    for (const configuration of objects(isJsonObject(read.properties) ? read.properties.ipConfigurations : undefined)) {
      const properties = isJsonObject(configuration.properties) ? configuration.properties : {};
      const link = isJsonObject(properties.privateLinkConnectionProperties) ? properties.privateLinkConnectionProperties : {};
      const fqdn = Array.isArray(link.fqdns) ? String(link.fqdns[0]) : undefined;
      if (fqdn === undefined) continue;
      if (expected.has(fqdn))
        throw new Error(`Registry "${name}" has more than one private endpoint in the vnet of "${network}". DNS routing will be unreliable`);
      expected.set(fqdn, String(properties.privateIPAddress));
    }
  }
  if (expected.size === 0)
    throw new Error(`Registry "${name}" doesn't have private endpoints in the vnet of "${network}". Please make sure you provided correct vnet`);
  const addressOf = await resolverOf(context, id, network);
  let right = true;
  for (const [fqdn, address] of expected) {
    const actual = await addressOf(fqdn);
    if (actual === address) continue;
    right = false;
    context.warn(
      actual === undefined
        ? `Error resolving DNS for ${fqdn}. Ex: it does not exist in '${network.split('/').pop()}'`
        : `DNS routing to registry "${name}" through private IP is incorrect. Expect: ${address}, Actual: ${actual}`,
    );
  }
  if (!right) throw new Error('DNS routing verification failed');
  pass(context, 'DNS routing to private endpoint');
}

function objects(value: JsonObject[string] | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** `properties.KEY.id`. */
function idOf(resource: JsonObject, key: string): string {
  const reference = isJsonObject(resource.properties) ? resource.properties[key] : undefined;
  return isJsonObject(reference) ? String(reference.id) : '';
}
