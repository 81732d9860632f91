/** The requests of what belongs to a registry, and of changes that are only asked about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceOf } from './commands/acr/import.ts';
import { G, N, R, run, written } from './commands.fixture.ts';
import { Commands } from './quickstart/commands.ts';
import { type Answered, FakeServer, S } from './server.fixture.ts';
import { foreseenText } from './what-if.ts';

const SUBNET = `${N}/virtualNetworks/v/subnets/s`;
const registry = {
  id: R,
  name: 'myregistry',
  location: 'westeurope',
  properties: { networkRuleSet: { defaultAction: 'Deny', ipRules: [{ action: 'Allow', value: '1.2.3.4' }] } },
};

test('a rule is added to the whole rule set once, and taken out in whatever case it is named', async () => {
  const set = async (line: string, answers = registry): Promise<unknown> =>
    ((await written(line, { [R]: answers }))[1] as { properties: { networkRuleSet: unknown } }).properties.networkRuleSet;
  const rules = { defaultAction: 'Deny', ipRules: registry.properties.networkRuleSet.ipRules, virtualNetworkRules: [{ action: 'Allow', id: SUBNET }] };
  assert.deepEqual(await set('acr network-rule add -n myregistry --subnet s --vnet-name v'), rules, "names are of the registry's group");
  assert.deepEqual(await set(`acr network-rule add -n myregistry --subnet ${SUBNET}`, { ...registry, properties: { networkRuleSet: rules } }), rules);
  assert.deepEqual(
    await set(`acr network-rule remove -n myregistry --subnet ${SUBNET.toUpperCase()}`, { ...registry, properties: { networkRuleSet: rules } }),
    {
      ...rules,
      virtualNetworkRules: [],
    },
  );
  assert.deepEqual(await set('acr network-rule remove -n myregistry --ip-address 1.2.3.4/32'), { defaultAction: 'Deny', ipRules: [], virtualNetworkRules: [] });
  await assert.rejects(run('acr network-rule add -n myregistry --subnet s', { [R]: registry }), /--subnet NAME --vnet-name NAME/);
  await assert.rejects(run('acr network-rule add -n myregistry', { [R]: registry }), /usage error/);
});

test('replications are named by their region', async () => {
  assert.deepEqual(await written('acr replication create -r myregistry -l eastus --region-endpoint-enabled false'), [
    `PUT ${R}/replications/eastus`,
    { location: 'eastus', properties: { regionEndpointEnabled: false } },
  ]);
  assert.deepEqual(await written('acr replication update -r myregistry -n eastus --global-endpoint-routing'), [
    `PATCH ${R}/replications/eastus`,
    { properties: { regionEndpointEnabled: true } },
  ]);
});

test('a token gets a scope map of its own, then passwords; one with other actions is not taken over', async () => {
  const line = 'acr token create -n reader -r myregistry --repository app content/read --repository web content/read';
  const { writes } = await run(line);
  const actions = ['repositories/app/content/read', 'repositories/web/content/read'];
  assert.deepEqual(writes, [
    [`PUT ${R}/scopeMaps/reader-scope-map`, { properties: { description: 'Created by token: reader', actions } }],
    [`PUT ${R}/tokens/reader`, { properties: { scopeMapId: `${R}/scopeMaps/reader-scope-map`, status: 'enabled' } }],
    [`POST ${R}/generateCredentials`, { tokenId: '/x' }],
  ]);
  await assert.rejects(
    run(line, { [`${R}/scopeMaps/reader-scope-map`]: { properties: { actions: ['repositories/app/content/write'] } } }),
    /with other actions/,
  );
  await assert.rejects(run('acr token create -n t -r myregistry --repository app everything'), /Invalid action 'everything'/);
  await assert.rejects(run('acr token create -n t -r myregistry --repository app'), /'app' has no action/);
  await assert.rejects(run('acr token create -n t -r myregistry'), /usage error/);
  const [named] = (await run('acr token create -n t -r myregistry --scope-map _repositories_pull --no-passwords')).writes;
  assert.deepEqual(named, [`PUT ${R}/tokens/t`, { properties: { scopeMapId: `${R}/scopeMaps/_repositories_pull`, status: 'enabled' } }]);
});

test('identities of a registry are given beside those it has, and taken one by one', async () => {
  const own = (name: string): string => `${G}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  const having = { ...registry, identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: { [own('a')]: {}, [own('b')]: {} } } };
  const patched = (line: string): Promise<unknown> => written(`acr identity ${line}`, { [R]: having });
  const all = { [own('a')]: {}, [own('b')]: {}, [own('c')]: {} };
  assert.deepEqual(await patched('assign -n myregistry --identities c'), [
    `PATCH ${R}`,
    { identity: { type: 'SystemAssigned, UserAssigned', userAssignedIdentities: all } },
  ]);
  assert.deepEqual(await patched('remove -n myregistry --identities [system] A'), [
    `PATCH ${R}`,
    { identity: { type: 'UserAssigned', userAssignedIdentities: { [own('a')]: null, [own('b')]: {} } } },
  ]);
});

test('the passwords of the admin user are asked for only when there is one', async () => {
  await assert.rejects(run('acr credential show -n myregistry', { [R]: registry }), /--admin-enabled true/);
  const enabled = { ...registry, properties: { adminUserEnabled: true } };
  assert.deepEqual(await written('acr credential renew -n myregistry --password-name password2', { [R]: enabled }), [
    `POST ${R}/regenerateCredential`,
    { name: 'password2' },
  ]);
});

test('a policy is patched alone', async () => {
  assert.deepEqual(await written('acr config retention update -r myregistry --status enabled --days 30 --type UntaggedManifests'), [
    `PATCH ${R}`,
    { properties: { policies: { retentionPolicy: { status: 'enabled', days: 30 } } } },
  ]);
  const { result } = await run('acr config authentication-as-arm show -r myregistry', {
    [R]: { properties: { policies: { azureADAuthenticationAsArmPolicy: { status: 'disabled' } } } },
  });
  assert.deepEqual(result, { status: 'disabled' });
});

test('an image is imported from where its name says, or from a registry here by its id', async () => {
  assert.deepEqual(
    await written('acr import -n myregistry --source mcr.microsoft.com/hello-world:latest -t app:v1 -t app:v2', {
      [`${S}/providers/Microsoft.ContainerRegistry/registries`]: { value: [] },
    }),
    [
      `POST ${R}/importImage`,
      { source: { registryUri: 'mcr.microsoft.com', sourceImage: 'hello-world:latest' }, targetTags: ['app:v1', 'app:v2'], mode: 'NoForce' },
    ],
  );
  const here = [{ id: '/r', name: 'other', properties: { loginServer: 'other.azurecr.io' } }];
  assert.deepEqual(sourceOf('OTHER.azurecr.io/app:v1', undefined, here), { resourceId: '/r', image: 'app:v1' });
  assert.deepEqual(sourceOf('app:v1', 'other', here), { resourceId: '/r', image: 'app:v1' });
  assert.deepEqual(sourceOf('app:v1', '/some/id', here), { resourceId: '/some/id', image: 'app:v1' });
  assert.throws(() => sourceOf('app:v1', undefined, here), /name the image's registry/);
});

test('what is set by path goes where the wire has it', async () => {
  const [, body] = await written('acr update -n myregistry --set networkRuleSet.defaultAction=Allow tags.a=b --remove networkRuleSet.ipRules 0', {
    [R]: registry,
  });
  assert.deepEqual(body?.properties, { networkRuleSet: { defaultAction: 'Allow', ipRules: [] } });
  assert.deepEqual(body?.tags, { a: 'b' });
  await assert.rejects(run('acr update -n myregistry --set nonsense', { [R]: registry }), /not PATH=VALUE/);
});

test('what is only asked about sends no verb that changes anything', async () => {
  const lines: [string, string, string, unknown][] = [
    ['acr delete -n myregistry', R, 'DELETE', undefined],
    ['group delete -n rg', `${S}/resourcegroups/rg`, 'DELETE', undefined],
    [`network vnet delete --ids ${N}/virtualNetworks/v`, `${N}/virtualNetworks/v`, 'DELETE', undefined],
    [
      'acr update -n myregistry --public-network-enabled false',
      R,
      'PATCH',
      { properties: { publicNetworkAccess: 'Disabled', networkRuleSet: { defaultAction: 'Deny' } } },
    ],
    [
      'acr private-endpoint-connection reject -r myregistry -n c',
      `${R}/privateEndpointConnections/c`,
      'PUT',
      { properties: { privateLinkServiceConnectionState: { status: 'Rejected', actionsRequired: 'None' } } },
    ],
  ];
  for (const [line, path, method, body] of lines) {
    await using server = await FakeServer.open();
    const table: Record<string, unknown> = { [`${S}/resources`]: { value: [{ id: R, name: 'myregistry' }] }, [`${R}/privateEndpointConnections/c`]: {} };
    server.answer = (asked): Answered | undefined =>
      asked.method === 'POST' ? { body: { changes: [] } } : table[asked.path] === undefined ? undefined : { body: table[asked.path] };
    const management = server.management({ whatIf: true });
    await new Commands(management, server.folder).run(`${line} --what-if`);
    const sent = server.asked.filter((asked) => asked.method !== 'GET');
    assert.deepEqual(
      sent.map((asked) => [asked.method, asked.path, asked.body]),
      [['POST', `${path}/whatIf`, { method, ...(body === undefined ? {} : { body }) }]],
      line,
    );
    assert.deepEqual(management.foreseen, [{ changes: [] }], line);
  }
});

test('what is foreseen is told with who loses what, and how to bring it back', () => {
  const text = foreseenText({
    changes: [{ changeType: 'Delete', resourceId: '/z/link' }],
    impact: {
      paths: [
        {
          verdict: 'lost',
          host: 'myregistry.azurecr.io',
          network: '/n/vnet-app',
          machines: ['/m/vm-app'],
          before: { by: 'endpoint', addresses: ['10.0.0.4'], reached: true, why: '' },
          after: { by: 'public', addresses: ['198.18.1.1'], reached: false, why: 'publicNetworkAccess is Disabled' },
        },
      ],
      names: [{ name: 'x.privatelink.azurecr.io', network: '/n/vnet-app', before: ['10.0.0.4'] }],
      notShown: 2,
    },
    undo: ["az rest --method put --url '/z/link'"],
  });
  assert.match(text, /Delete {2}\/z\/link/);
  assert.match(text, /lost {4}myregistry\.azurecr\.io from vnet-app \(vm-app\): endpoint 10\.0\.0\.4 -> public 198\.18\.1\.1, publicNetworkAccess is Disabled/);
  assert.match(text, /x\.privatelink\.azurecr\.io in vnet-app: 10\.0\.0\.4 -> does not exist/);
  assert.match(text, /2 more that you may not read/);
  assert.match(text, /To undo it:\n {2}postern rest --method put/);
  assert.match(text, /Nothing was changed\.\n$/);
  assert.equal(foreseenText({ changes: [], impact: {}, undo: [] }), 'Nothing would change.\n');
});

test('record sets of every type are written whole', async () => {
  const set = `${N}/privateDnsZones/z.io`;
  const rest = '-g rg -z z.io';
  assert.deepEqual(
    await written(`network private-dns record-set mx add-record ${rest} -n m -e mail.z.io -p 10`, {
      [`${set}/mx/m`]: { properties: { ttl: 60, mxRecords: [{ exchange: 'old.', preference: 5 }] } },
    }),
    [
      `PUT ${set}/mx/m`,
      {
        properties: {
          ttl: 60,
          mxRecords: [
            { exchange: 'old.', preference: 5 },
            { exchange: 'mail.z.io', preference: 10 },
          ],
        },
      },
    ],
  );
  assert.deepEqual(await written(`network private-dns record-set cname set-record ${rest} -n c -c x.z.io`), [
    `PUT ${set}/cname/c`,
    { properties: { ttl: 3600, cnameRecord: { cname: 'x.z.io' } } },
  ]);
  assert.deepEqual(await written(`network private-dns record-set txt add-record ${rest} -n t -v a b`), [
    `PUT ${set}/txt/t`,
    { properties: { ttl: 3600, txtRecords: [{ value: ['a', 'b'] }] } },
  ]);
  assert.deepEqual(
    await written(`network private-dns record-set srv remove-record ${rest} -n s -p 1 -w 2 -r 443 -t H.z.io`, {
      [`${set}/srv/s`]: { properties: { srvRecords: [{ priority: 1, weight: 2, port: 443, target: 'h.z.io.' }] } },
    }),
    [`DELETE ${set}/srv/s`, undefined],
  );
});

test('generic commands ask by the newest stable version of the type', async () => {
  const id = `${G}/providers/Microsoft.Network/virtualNetworks/v`;
  const provider = { resourceTypes: [{ resourceType: 'virtualNetworks', apiVersions: ['2030-01-01-preview', '2025-01-01', '2020-01-01'] }] };
  const answers = { [`${S}/providers/Microsoft.Network`]: provider, [id]: { id, properties: { a: 1 } } };
  const { asked, result } = await run('resource show -g rg --resource-type Microsoft.Network/virtualNetworks -n v', answers);
  assert.equal(asked.at(-1)?.query.get('api-version'), '2025-01-01');
  assert.deepEqual(result, { id, properties: { a: 1 }, resourceGroup: 'rg' });
  const [, body] = await written(`resource update --ids ${id} --set properties.a=2`, answers);
  assert.deepEqual(body?.properties, { a: 2 });
  await assert.rejects(run(`resource show --ids ${G}/providers/Microsoft.Network/nonsense/x`, answers), /Resource type nonsense not found/);
});

test('a lock lies on the subscription, the group or the resource', async () => {
  const lock = (scope: string): string => `PUT ${scope}/providers/Microsoft.Authorization/locks/keep`;
  assert.equal((await written('lock create -n keep -t CanNotDelete'))[0], lock(S));
  assert.equal((await written('lock create -n keep -t CanNotDelete -g rg'))[0], lock(G));
  assert.equal((await written(`lock create -n keep -t ReadOnly --resource ${R}`))[0], lock(R));
  assert.equal(
    (await written('lock create -n keep -t ReadOnly -g rg --resource-type Microsoft.Network/virtualNetworks --resource v'))[0],
    lock(`${N}/virtualNetworks/v`),
  );
});

test('the activity log is asked for a span of time', async () => {
  const path = `${S}/providers/microsoft.insights/eventtypes/management/values`;
  const { asked } = await run("monitor activity-log list -g rg --start-time 2026-01-01 --offset 1d --caller o'brien", { [path]: { value: [] } });
  assert.equal(
    asked[0]?.query.get('$filter'),
    "eventTimestamp ge 2026-01-01T00:00:00.000Z and eventTimestamp le 2026-01-02T00:00:00.000Z and resourceGroupName eq 'rg' and caller eq 'o''brien'",
  );
});
