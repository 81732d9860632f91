/**
 * Runs inside a machine: makes `COUNT` private endpoints, one after the other, and prints in JSON how long each took until it could be reached, and until its name
 * led there. What it needs to ask the management API comes by standard input.
 */
import { Resolver } from 'node:dns/promises';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';

const count = Number(process.argv[2]);
const { token, base, network, registry } = JSON.parse(await text(process.stdin)) as Record<'token' | 'base' | 'network' | 'registry', string>;
const agent = new Agent({ keepAlive: true });
const resolver = new Resolver();
const host = `${registry}.azurecr.io`;

function put(path: string, body: unknown): Promise<{ properties: { customDnsConfigs: { fqdn: string; ipAddresses: string[] }[] } }> {
  return new Promise((resolve, reject) => {
    const bytes = JSON.stringify(body);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) };
    request({ host: 'management.azure.com', method: 'PUT', path: `${base}${path}?api-version=2024-05-01`, headers, agent }, async (answer) => {
      const body = await text(answer);
      if (answer.statusCode === 200 || answer.statusCode === 201) resolve(JSON.parse(body));
      else reject(new Error(`${answer.statusCode} ${body}`));
    })
      .on('error', reject)
      .end(bytes);
  });
}

function handshake(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port: 443, servername: host }, () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}

const endpoint: number[] = [];
const withName: number[] = [];
for (let index = 0; index < count; index++) {
  const start = performance.now();
  const made = await put(`Microsoft.Network/privateEndpoints/measured-${index}`, {
    location: 'westeurope',
    properties: {
      subnet: { id: `${base}Microsoft.Network/virtualNetworks/${network}/subnets/endpoints` },
      privateLinkServiceConnections: [
        { name: 'con', properties: { privateLinkServiceId: `${base}Microsoft.ContainerRegistry/registries/${registry}`, groupIds: ['registry'] } },
      ],
    },
  });
  const address = made.properties.customDnsConfigs.find(({ fqdn }) => fqdn === host)?.ipAddresses[0] ?? '';
  await handshake(address);
  endpoint.push(performance.now() - start);
  await put(`Microsoft.Network/privateEndpoints/measured-${index}/privateDnsZoneGroups/default`, {
    properties: {
      privateDnsZoneConfigs: [{ name: 'acr', properties: { privateDnsZoneId: `${base}Microsoft.Network/privateDnsZones/privatelink.azurecr.io` } }],
    },
  });
  // The zone's record is the last endpoint's, so each name that is found is a new one.
  const [found] = await resolver.resolve4(host);
  if (found !== address) throw new Error(`${host} leads to ${found}, not to ${address}`);
  withName.push(performance.now() - start);
}
agent.destroy();
console.log(JSON.stringify({ endpoint, withName }));
