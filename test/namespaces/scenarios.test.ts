/** Every scenario of this folder, as root and as an ordinary user. */
import { describe, test } from 'node:test';
import { scenarios as lifetimes } from './lifetime.scenarios.ts';
import { scenarios as files } from './machine.scenarios.ts';
import { scenarios as networks } from './network.scenarios.ts';
import { everybody, inOwnWorld } from './own-world.ts';

const every = { network: networks, machine: files, lifetime: lifetimes };
for (const who of everybody) {
  describe(`as ${who.name}`, { skip: who.missing ?? false }, () => {
    for (const [file, scenarios] of Object.entries(every))
      for (const name of Object.keys(scenarios))
        test(name, async (context) => {
          const told = await inOwnWorld(who, new URL(`./${file}.scenarios.ts`, import.meta.url), name);
          if (told !== '') context.diagnostic(told);
        });
  });
}
