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
