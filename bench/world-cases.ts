/** What needs real networks: names against dnsmasq, the endpoint's path against the public one, start-up, and the time to make endpoints. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts, mustPostern, POSTERN, upFlags } from '../test/server.ts';
import { endpointBody, Management } from './management.ts';
import { alone, type Contender, compare } from './measure.ts';
import { dnsmasqFiles } from './peers.ts';
import type { Result } from './report.ts';

const run = promisify(execFile);

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

  const endpoints = quick ? 20 : 210;
  for (let index = 0; index < endpoints; index++)
    await management.put(
      `Microsoft.Network/privateEndpoints/pe-${index}`,
      endpointBody(management, 'app', index % 200 === 0 || index > 199 ? 'bench' : 'manyendpoints'),
    );

  const zoneGroup = {
    properties: {
      privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: management.id('Microsoft.Network/privateDnsZones/privatelink.azurecr.io') } }],
    },
  };
  await management.put('Microsoft.Network/privateEndpoints/pe-0/privateDnsZoneGroups/default', zoneGroup);
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
    note: `\`postern up --detach\` until it serves. The restarts bring back 2 networks, 3 machines and ${endpoints} endpoints.`,
    unit: 'ms',
    comparisons: [alone('first start, empty data folder', [first]), alone('restart', again)],
  };
}
