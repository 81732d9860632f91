/**
 * Stands in for src/main.ts at the end of the parent's channel: makes one network with one machine and tells where it is, on the management listener.
 * STUB says how it misbehaves.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { lockFile } from '#fabric/sockets.ts';
import type { Config } from '../../src/config.ts';
import { machine, open, reach, snapshot } from './small-world.ts';

const stub = process.env.STUB ?? '';

process.on('disconnect', () => {
  if (stub !== 'deaf') process.exit(0);
});
process.on('message', async (message: { config?: Config; stop?: true }) => {
  if (message.stop && stub !== 'deaf') process.exit(0);
  if (!message.config) return;
  if (stub === 'fault')
    return process.send?.({ fault: { code: 'NewerData', message: 'The data folder was written by a newer version.' } }, () => process.exit(1));
  if (stub === 'crash') throw new Error('the stub was told to crash');
  try {
    await lockFile(join(message.config.data, 'lock'));
  } catch (error) {
    return process.send?.({ fault: { code: 'FolderInUse', message: (error as Error).message } }, () => process.exit(1));
  }
  const inside: Record<string, unknown> = { pid: process.pid, parent: process.ppid };
  if (message.config.fabric === 'world') {
    const { fabric } = await open([message.config.data]);
    await reach(fabric, snapshot({ 'vnet-app': { machines: { 'vm-app': ['10.0.0.4'] } } }));
    inside.machine = { name: 'vm-app', ...fabric.machine(machine('vm-app')) };
    // Orphans: their parent ends before they do.
    for (let i = 0; i < 3; i++) spawn('sh', ['-c', 'sleep 0.01 & exit'], { stdio: 'ignore' });
  }
  for (const fd of [4, 5]) createServer((socket) => socket.end(JSON.stringify(inside))).listen({ fd });
  // What is deaf outlives its channel too, unless the kernel ends it.
  if (stub === 'deaf') setInterval(() => {}, 60_000);
  process.send?.({ ready: { revision: 1 } });
});
