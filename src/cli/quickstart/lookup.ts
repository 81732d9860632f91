/** Asks the machine's own resolver and prints the chains of names: `lookup.ts NAME...`. */
import { Resolver } from 'node:dns/promises';
import { client } from './exchange.ts';

/** A chain longer than this is a loop. */
const MOST_ALIASES = 16;

await client(async () => {
  // The servers of this machine's /etc/resolv.conf.
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  return { servers: resolver.getServers(), answers: await Promise.all(process.argv.slice(2).map((name) => answerFor(resolver, name))) };
});

async function answerFor(resolver: Resolver, name: string): Promise<object> {
  const chain: string[] = [];
  for (let at: string | undefined = name; at !== undefined && chain.length < MOST_ALIASES; ) {
    at = await alias(resolver, at);
    if (at !== undefined) chain.push(at);
  }
  return { name, chain, addresses: await resolver.resolve4(name) };
}

/** The name's CNAME; undefined when it has none. */
async function alias(resolver: Resolver, name: string): Promise<string | undefined> {
  try {
    return (await resolver.resolveCname(name))[0];
  } catch (error) {
    if (['ENODATA', 'ENOTFOUND'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}
