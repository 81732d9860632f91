/** The parent as `up` runs it, over the stub server. Writes the instance as one line when it is ready. */
import { fileURLToPath } from 'node:url';
import { configFrom } from '../../src/config.ts';
import { runExec, runHost } from '../../src/host.ts';

const [, , verb, ...rest] = process.argv;
if (verb === 'up') {
  const [data = '', fabric = 'world', listen = '127.0.0.1:0', graceMs = '10000'] = rest;
  process.exitCode = await runHost(configFrom({ data, fabric, listen, public: '127.0.0.1:0' }), {
    log: (line) => console.error(line),
    onReady: (instance) => console.log(JSON.stringify(instance)),
    program: [process.execPath, fileURLToPath(new URL('./stub-server.ts', import.meta.url))],
    graceMs: Number(graceMs),
  });
} else {
  const [instance = '', machine = '', ...command] = rest;
  process.exitCode = await runExec({ instance: JSON.parse(instance), machine: JSON.parse(machine), command });
}
