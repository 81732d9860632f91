/** One HTTPS request from inside a machine, without credentials: `probe.ts URL [ADDRESS]`. With an address that one is dialled, whatever the name says. A connection that fails is an answer too. */
import { bytesOf, client, exchange, requestIdOf } from './exchange.ts';

await client(async () => {
  const [url = '', address] = process.argv.slice(2);
  try {
    const reply = await exchange([], 'GET', url, { address });
    const body = (await bytesOf(reply)).toString('utf8');
    return { connected: true, status: reply.exchange.status, address: reply.exchange.address, body: body.slice(0, 2000), requestId: requestIdOf(reply) };
  } catch (error) {
    const { code, message, address: dialled } = error as NodeJS.ErrnoException & { address?: string };
    return { connected: false, code, message, address: dialled };
  }
});
