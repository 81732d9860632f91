/** runCommand of a machine: what it hands to the fabric, and how the answer is shaped. docs/sources.md#run-command */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPlane, SUBNET } from '../control-plane.fixture.ts';

const VM = 'Microsoft.Compute/virtualMachines/vm';

async function withMachine(): Promise<ControlPlane> {
  const plane = await ControlPlane.open();
  await plane.furnish();
  const nic = 'Microsoft.Network/networkInterfaces/nic';
  await plane.put(nic, { location: 'westeurope', properties: { ipConfigurations: [{ name: 'ip', properties: { subnet: { id: plane.id(SUBNET) } } }] } });
  await plane.put(VM, { location: 'westeurope', properties: { networkProfile: { networkInterfaces: [{ id: plane.id(nic) }] } } });
  return plane;
}

test('a script is run in the machine, and its outputs come in one message', async () => {
  const plane = await withMachine();
  const jobs: unknown[] = [];
  plane.runJob = async (job) => {
    jobs.push(job);
    return { exitCode: 1, stdout: 'out\n', stderr: 'err\n' };
  };
  const body = { commandId: 'RunShellScript', script: ['echo out', 'false'], parameters: [{ name: 'arg1', value: 'a' }] };
  const answer = await plane.ask('POST', `${VM}/runCommand`, body);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, {
    value: [
      {
        code: 'ProvisioningState/succeeded',
        level: 'Info',
        displayStatus: 'Provisioning succeeded',
        message: 'Enable succeeded: \n[stdout]\nout\n\n[stderr]\nerr\n',
      },
    ],
  });
  assert.deepEqual(jobs, [{ kind: 'run-command', machine: plane.id(VM).toLowerCase(), script: body.script, parameters: body.parameters }]);
});

test('parameters that can be no arguments of a program are refused, not tried', async () => {
  const plane = await withMachine();
  plane.runJob = async () => assert.fail('it was tried');
  const many = Array.from({ length: 1001 }, () => ({ name: 'a', value: '' }));
  for (const parameters of [[{ name: 'a', value: 'x\0y' }], [{ name: 'a\0', value: '' }], [{ name: 'a', value: 'é'.repeat(70_000) }], many]) {
    const answer = await plane.ask('POST', `${VM}/runCommand`, { commandId: 'RunShellScript', script: ['true'], parameters });
    assert.deepEqual([answer.status, answer.codes], [400, ['InvalidParameter']], answer.message);
  }
});

test('it needs a command that is there and the right to run it', async () => {
  const plane = await withMachine();
  const other = await plane.ask('POST', `${VM}/runCommand`, { commandId: 'RunPowerShellScript' });
  assert.deepEqual([other.status, other.codes], [400, ['InvalidParameter']]);
  assert.match(other.message, /'RunPowerShellScript' does not exist for Linux/);
  const stranger = await plane.ask('POST', `${VM}/runCommand`, { commandId: 'RunShellScript' }, { as: '00000000-0000-4000-8000-00000000bbbb' });
  assert.equal(stranger.status, 403);
  assert.match(stranger.message, /Microsoft\.Compute\/virtualMachines\/runCommand\/action/);
  assert.equal((await plane.ask('POST', `${VM}2/runCommand`, { commandId: 'RunShellScript' })).status, 404);
});

test("an owner of the machine runs nothing in it: only who has the right at the first tenant's root is a user of the host", async () => {
  const plane = await withMachine();
  plane.runJob = async () => assert.fail('a script was run');
  const owner = '00000000-0000-4000-8000-00000000cccc';
  const OWNER = '/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
  await plane.put(`${plane.id(VM)}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111`, {
    properties: { roleDefinitionId: OWNER, principalId: owner, principalType: 'ServicePrincipal' },
  });
  const refused = await plane.ask('POST', `${VM}/runCommand`, { commandId: 'RunShellScript', script: ['id'] }, { as: owner });
  assert.deepEqual([refused.status, refused.codes], [403, ['RunCommandNotAllowed']]);
  const { admin, subscription } = await plane.addTenant();
  const group = `${subscription}/resourceGroups/rg`;
  const put = async (path: string, body: object): Promise<void> => assert.ok((await plane.ask('PUT', path, body, { as: admin })).status < 300, path);
  await put(group, { location: 'westeurope' });
  const theirs = (type: string): string => `${group}/providers/${type}`;
  await put(theirs('Microsoft.Network/virtualNetworks/n'), {
    location: 'westeurope',
    properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] }, subnets: [{ name: 's', properties: { addressPrefix: '10.0.0.0/24' } }] },
  });
  await put(theirs('Microsoft.Network/networkInterfaces/i'), {
    location: 'westeurope',
    properties: { ipConfigurations: [{ name: 'ip', properties: { subnet: { id: theirs('Microsoft.Network/virtualNetworks/n/subnets/s') } } }] },
  });
  await put(theirs('Microsoft.Compute/virtualMachines/m'), {
    location: 'westeurope',
    properties: { networkProfile: { networkInterfaces: [{ id: theirs('Microsoft.Network/networkInterfaces/i') }] } },
  });
  const other = await plane.ask(
    'POST',
    `${theirs('Microsoft.Compute/virtualMachines/m')}/runCommand`,
    { commandId: 'RunShellScript', script: ['id'] },
    { as: admin },
  );
  assert.deepEqual([other.status, other.codes], [403, ['RunCommandNotAllowed']]);
});
