/** `postern network private-dns record-set a create`: an empty record set. */
import { command } from '../../../../../command.ts';
import { flatten } from '../../../../../flatten.ts';
import { ZONE_NAME } from '../../../../../nouns.ts';
import { nameOption, RESOURCE_GROUP } from '../../../../../options.ts';
import { A_TYPE, DEFAULT_TTL_SECONDS, recordSetPath } from '../../../../../record-set.ts';
import { apiVersionOf } from '../../../../../resources.ts';

export default command({
  path: 'network private-dns record-set a create',
  summary: 'Create an empty A record set.',
  options: [
    nameOption('record set'),
    ZONE_NAME,
    RESOURCE_GROUP,
    { name: 'ttl', kind: 'integer', placeholder: 'SECONDS', summary: 'Time to live in seconds. Default: 3600.' },
  ],
  run: async (args, context) => {
    const path = await recordSetPath(args, context, args.need('name'));
    const body = { properties: { ttl: args.integer('ttl') ?? DEFAULT_TTL_SECONDS } };
    return flatten(await (await context.management()).put(path, apiVersionOf(A_TYPE), body, { 'if-none-match': '*' }));
  },
});
