/** Asks the machine's own resolver for a name and prints the chain: `lookup.ts NAME`. */
import { Resolver } from 'node:dns/promises';
import { client } from './exchange.ts';

/** A chain longer than this is a loop. */
const MOST_ALIASES = 16;

await client(async () => {
  const [name = ''] = process.argv.slice(2);
  // The servers of this machine's /etc/resolv.conf.
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  const chain: string[] = [];
  for (let at: string | undefined = name; at !== undefined && chain.length < MOST_ALIASES; ) {
    at = await alias(resolver, at);
    if (at !== undefined) chain.push(at);
  }
  const records = await resolver.resolve4(name, { ttl: true });
  return {
    name,
    servers: resolver.getServers(),
    chain,
    addresses: records.map(({ address }) => address),
    ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)),
  };
});

/** The name's CNAME; undefined when it has none. */
async function alias(resolver: Resolver, name: string): Promise<string | undefined> {
  try {
    return (await resolver.resolveCname(name))[0];
  } catch (error) {
    if (['ENODATA', 'ENOTFOUND'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}
