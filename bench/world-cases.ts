/** What needs real networks: names against dnsmasq, the endpoint's path against the public one, start-up, and the time to make endpoints. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts, instanceOf, mustPostern, POSTERN, upFlags } from '../test/server.ts';
import { type Comparison, type Contender, compare, median } from './measure.ts';
import { dnsmasqFiles } from './peers.ts';
import type { Result } from './report.ts';

const run = promisify(execFile);

/** The management API, as any client of ARM uses it. */
class Management {
  readonly subscription: string;
  readonly #url: URL;
  readonly #ca: string;
  readonly #token: string;

  private constructor(url: URL, ca: string, token: string, subscription: string) {
    this.#url = url;
    this.#ca = ca;
    this.#token = token;
    this.subscription = subscription;
  }

  static async open(data: string): Promise<Management> {
    const url = new URL(instanceOf(data)?.url ?? '');
    const ca = readFileSync(join(data, 'ca.pem'), 'utf8');
    const { tenantId, subscriptionId, appId, secret } = JSON.parse(readFileSync(join(data, 'operator.json'), 'utf8'));
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: appId,
      client_secret: secret,
      scope: 'https://management.azure.com/.default',
    });
    const answer = await ask(url, ca, 'POST', `/${tenantId}/oauth2/v2.0/token`, { 'content-type': 'application/x-www-form-urlencoded' }, form.toString());
    return new Management(url, ca, JSON.parse(answer.body).access_token, subscriptionId);
  }

  async put(path: string, body: unknown): Promise<void> {
    const target = `/subscriptions/${this.subscription}/resourceGroups/rg/providers/${path}?api-version=2024-05-01`;
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const { status, body: text } = await ask(this.#url, this.#ca, 'PUT', target, headers, JSON.stringify(body));
    if (status !== 200 && status !== 201) throw new Error(`PUT ${path}: ${status} ${text}`);
  }

  id(path: string): string {
    return `/subscriptions/${this.subscription}/resourceGroups/rg/providers/${path}`;
  }
}

function ask(url: URL, ca: string, method: string, path: string, headers: Record<string, string>, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: url.hostname, port: url.port, method, path, ca, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const alone = (name: string, rates: readonly number[]): Comparison => ({ name, rate: median(rates), ratios: rates.map(() => 1) });

const endpointBody = (management: Management, registry: string) => ({
  location: 'westeurope',
  properties: {
    subnet: { id: management.id('Microsoft.Network/virtualNetworks/app/subnets/endpoints') },
    privateLinkServiceConnections: [
      { name: 'con', properties: { privateLinkServiceId: management.id(`Microsoft.ContainerRegistry/registries/${registry}`), groupIds: ['registry'] } },
    ],
  },
});

export async function* worldCases(options: { folder: string; data: string; rounds: number; quick: boolean }): AsyncGenerator<Result> {
  const { data, rounds, quick } = options;
  const ports = (await freePorts(2)) as [number, number];
  const started = async (): Promise<number> => {
    const start = performance.now();
    mustPostern(data, ...upFlags(data, ports, 'world'), '--detach');
    return performance.now() - start;
  };
  const first = await started();
  const postern = (line: string): string => mustPostern(data, ...line.split(' '));
  postern('group create -n rg -l westeurope');
  for (const registry of ['bench', 'manyendpoints']) postern(`acr create -n ${registry} -g rg --sku Premium`);
  postern('network vnet create -n app -g rg --address-prefixes 10.0.0.0/16 --subnet-name machines --subnet-prefixes 10.0.0.0/24');
  postern('network vnet subnet create -n endpoints -g rg --vnet-name app --address-prefixes 10.0.16.0/20');
  postern('network vnet create -n outside -g rg --address-prefixes 10.0.0.0/16 --subnet-name machines --subnet-prefixes 10.0.0.0/24');
  postern('identity create -n bot -g rg');
  for (const [machine, network] of [
    ['client', 'app'],
    ['peer', 'app'],
    ['away', 'outside'],
  ])
    postern(`vm create -n ${machine} -g rg --vnet-name ${network} --subnet machines --assign-identity bot`);
  const principal = postern('identity show -n bot -g rg --query principalId -o tsv').trim();
  const management = await Management.open(data);
  postern(
    `role assignment create --assignee-object-id ${principal} --assignee-principal-type ServicePrincipal --role AcrPush --scope ${management.id('Microsoft.ContainerRegistry/registries/bench')}`,
  );
  postern('network private-dns zone create -g rg -n privatelink.azurecr.io');
  postern('network private-dns link vnet create -g rg --zone-name privatelink.azurecr.io -n link --virtual-network app --registration-enabled false');

  // One endpoint, then 200, eight at a time.
  const one: number[] = [];
  for (let index = 0; index < (quick ? 2 : 10); index++) {
    const start = performance.now();
    await management.put(`Microsoft.Network/privateEndpoints/one-${index}`, endpointBody(management, 'bench'));
    one.push(performance.now() - start);
  }
  const count = quick ? 20 : 200;
  const start = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await management.put(`Microsoft.Network/privateEndpoints/many-${next++}`, endpointBody(management, 'manyendpoints'));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  const many = performance.now() - start;
  yield {
    title: 'Time to make private endpoints',
    note: 'PUT by PUT over HTTPS; each answers when its addresses are in the kernel and its listener and names serve it.',
    unit: 'ms',
    comparisons: [alone('one endpoint (two addresses), one after the other', one), alone(`${count} endpoints in all, eight at a time`, [many])],
  };

  const zoneGroup = {
    properties: {
      privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: management.id('Microsoft.Network/privateDnsZones/privatelink.azurecr.io') } }],
    },
  };
  await management.put('Microsoft.Network/privateEndpoints/one-0/privateDnsZoneGroups/default', zoneGroup);
  const names = new Map(Array.from({ length: 200 }, (_, index) => [`host-${index}.privatelink.azurecr.io`, `10.9.0.${index}`]));
  for (const [name, address] of names)
    await management.put(`Microsoft.Network/privateDnsZones/privatelink.azurecr.io/A/${name.split('.')[0]}`, {
      properties: { ttl: 10, aRecords: [{ ipv4Address: address }] },
    });

  const exec = async (machine: string, ...command: string[]): Promise<string> =>
    (await run(POSTERN, ['exec', '--vm', machine, '--', ...command], { env: { ...process.env, POSTERN_DATA: data }, maxBuffer: 1e8 })).stdout;

  // A machine has a /tmp of its own: what it shall read goes in by standard input.
  const place = (machine: string, path: string, text: string): string => {
    execFileSync(POSTERN, ['exec', '--vm', machine, '--', 'sh', '-c', `cat > ${path}`], { env: { ...process.env, POSTERN_DATA: data }, input: text });
    return path;
  };
  const queries = place('client', '/tmp/queries', [...names.keys()].map((name) => `${name} A\n`).join(''));
  const peerAddress = (await exec('peer', 'hostname', '-I').catch(() => '')).trim().split(' ')[0] || '10.0.0.5';
  const files = dnsmasqFiles(peerAddress, 53, names);
  place('peer', '/tmp/hosts', files.hosts);
  const dnsmasq = spawn(POSTERN, ['exec', '--vm', 'peer', '--', 'dnsmasq', '-C', place('peer', '/tmp/dnsmasq.conf', files.configuration)], {
    env: { ...process.env, POSTERN_DATA: data },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const answers = (): Promise<string> =>
    exec('client', 'dig', '+short', '+time=1', '+tries=1', `@${peerAddress}`, 'host-1.privatelink.azurecr.io').catch(() => '');
  for (let left = 20; !(await answers()).includes('10.9.0.1'); left--) if (left === 0) throw new Error('dnsmasq does not answer');
  const perSecond = (name: string, server: string): Contender => ({
    name,
    measure: async () => {
      const printed = await exec('client', 'dnsperf', '-s', server, '-d', queries, '-l', quick ? '1' : '4', '-c', '8', '-q', '200');
      return Number(/Queries per second:\s*([\d.]+)/.exec(printed)?.[1]);
    },
  });
  yield {
    title: 'DNS answers over UDP',
    note: 'dnsperf in a machine, 200 A records of a private zone. dnsmasq 2.90 runs in another machine of the network, one virtual link further away.',
    unit: 'answers/s',
    comparisons: await compare([perSecond('Postern at 168.63.129.16', '168.63.129.16'), perSecond('dnsmasq', peerAddress)], rounds),
  };
  dnsmasq.kill();

  const size = (quick ? 32 : 256) * 1024 * 1024;
  const client = join(import.meta.dirname, 'machine-client.ts');
  const digest = (await exec('client', process.execPath, client, 'push', 'bench.azurecr.io', 'app', String(size))).trim();
  const path = (name: string, machine: string): Contender => ({
    name,
    measure: async () => Number(await exec(machine, process.execPath, client, 'pull', 'bench.azurecr.io', 'app', digest)),
  });
  yield {
    title: `Pull of a blob of ${size / 1024 / 1024} MiB: the private endpoint against the public path`,
    note: 'The same client in a machine of the linked network and in one of a network that is not linked, redirect to the data endpoint included.',
    unit: 'MB/s',
    comparisons: await compare([path('by the private endpoint', 'client'), path('by the public front', 'away')], quick ? 2 : 12),
    paired: true,
  };

  const again: number[] = [];
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    mustPostern(data, 'down');
    again.push(await started());
  }
  mustPostern(data, 'down');
  yield {
    title: 'Start-up',
    note: `\`postern up --detach\` until it serves. The restarts bring back 2 networks, 3 machines and ${count + one.length} endpoints.`,
    unit: 'ms',
    comparisons: [alone('first start, empty data folder', [first]), alone('restart', again)],
  };
}
