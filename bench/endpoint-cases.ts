/** The speed of the control plane in a world that is full: 10,000 private endpoints of 50 registries in 50 networks. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { familyOf, freePorts, instanceOf, mustPostern, POSTERN, upFlags } from '../test/server.ts';
import { endpointBody, Management } from './management.ts';
import { alone } from './measure.ts';
import type { Result } from './report.ts';

/** As many as a registry may have (docs/sources.md#endpoint-limit). */
const PER_REGISTRY = 200;

export async function* endpointCases({ data, quick }: { data: string; quick: boolean }): AsyncGenerator<Result> {
  const ports = (await freePorts(2)) as [number, number];
  const postern = (line: string): string => mustPostern(data, ...line.split(' '));
  const groups = quick ? 2 : 50;

  // Without a fabric first: what is measured is the full world, not how it came about.
  mustPostern(data, ...upFlags(data, ports, 'none'), '--detach');
  const filling = await Management.open(data);
  await filling.put('', { location: 'westeurope' });
  const before = memory(data);
  for (let group = 0; group < groups; group++) {
    await network(filling, `net-${group}`);
    await filling.put(`Microsoft.ContainerRegistry/registries/registry${group}`, { location: 'westeurope', sku: { name: 'Premium' } });
    for (let index = 0; index < PER_REGISTRY; index++)
      await filling.put(`Microsoft.Network/privateEndpoints/pe-${group}-${index}`, endpointBody(filling, `net-${group}`, `registry${group}`));
  }
  const filled = memory(data);
  mustPostern(data, 'down');

  const start = performance.now();
  mustPostern(data, ...upFlags(data, ports, 'world'), '--detach');
  const started = performance.now() - start;
  const inWorld = memory(data);
  const management = await Management.open(data);
  await network(management, 'measured');
  await management.put('Microsoft.ContainerRegistry/registries/measured', { location: 'westeurope', sku: { name: 'Premium' } });
  postern('network vnet subnet create -n machines -g rg --vnet-name measured --address-prefixes 10.0.128.0/24');
  postern('vm create -n client -g rg --vnet-name measured --subnet machines');
  postern('network private-dns zone create -g rg -n privatelink.azurecr.io');
  postern('network private-dns link vnet create -g rg --zone-name privatelink.azurecr.io -n link --virtual-network measured --registration-enabled false');

  const endToEnd = JSON.parse(
    execFileSync(
      POSTERN,
      ['exec', '--vm', 'client', '--', process.execPath, join(import.meta.dirname, 'endpoint-client.ts'), String(quick ? 20 : PER_REGISTRY)],
      {
        env: { ...process.env, POSTERN_DATA: data },
        input: JSON.stringify({ token: management.token, base: management.id(''), network: 'measured', registry: 'measured' }),
        encoding: 'utf8',
      },
    ),
  ) as { endpoint: number[]; withName: number[] };
  const registry: number[] = [];
  for (let round = 0; round < (quick ? 5 : 50); round++) {
    const at = performance.now();
    await management.get('Microsoft.ContainerRegistry/registries/registry0');
    registry.push(performance.now() - at);
  }
  mustPostern(data, 'down');

  const count = groups * PER_REGISTRY;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const p95 = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length * 0.95)] as number;
  yield {
    title: `Private endpoints, in a world that has ${count} of them`,
    note:
      'A client in a machine makes one endpoint after the other of one registry: PUT of the endpoint, TLS connection to its new address; with its name, also PUT of the zone group, ' +
      'and the name asked of 168.63.129.16. Only then does the next one begin.',
    unit: 'ms',
    comparisons: [
      alone('PUT until its listener answers, median', endToEnd.endpoint),
      alone('the same, 95th percentile', [p95(endToEnd.endpoint)]),
      alone('PUT until its listener answers and its name resolves, median', endToEnd.withName),
      alone('the same, 95th percentile', [p95(endToEnd.withName)]),
      alone(`${endToEnd.withName.length} in sequence, all with names`, [sum(endToEnd.withName)]),
      alone('GET of a registry with 200 connections, median', registry),
      alone('start-up with all of them until it serves', [started]),
    ],
  };
  yield {
    title: 'Memory',
    note: `Resident memory of the serving process by /proc, after start-up with an empty data folder, after ${count} endpoints were made, and after a restart into a world of real networks.`,
    unit: 'MB',
    comparisons: [
      alone('empty', [before]),
      alone(`${count} endpoints made`, [filled]),
      alone('the same after a restart, with networks', [inWorld]),
      alone('per endpoint, after the restart (in kB, beyond empty)', [((inWorld - before) * 1000) / count]),
    ],
  };
}

async function network(management: Management, name: string): Promise<void> {
  await management.put(`Microsoft.Network/virtualNetworks/${name}`, {
    location: 'westeurope',
    properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets: [{ name: 'endpoints', properties: { addressPrefix: '10.0.0.0/17' } }] },
  });
}

/** Resident memory of the process that serves, in MB: the largest of the run's family. */
function memory(data: string): number {
  const family = familyOf(instanceOf(data)?.pid ?? 0);
  return Math.max(...family.map((pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0))) / 1000;
}
