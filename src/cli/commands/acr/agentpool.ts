/** `postern acr agentpool ...`. */
import { commands } from '../../command.ts';
import { flatten } from '../../flatten.ts';
import { AGENT_POOL_COLUMNS } from '../../nouns.ts';
import { LOCATION, NO_WAIT, nameOption, type Option, REGISTRY, REGISTRY_GROUP } from '../../options.ts';
import { findRegistry, ofRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

const VERSION = apiVersionOf(REGISTRY_TYPE);
const COUNT: Option = { name: 'count', short: 'c', kind: 'integer', placeholder: 'N', summary: 'How many machines.' };

export default commands(
  {
    path: 'acr agentpool create',
    summary: 'Create an agent pool.',
    options: [
      nameOption('agent pool'),
      REGISTRY,
      REGISTRY_GROUP,
      { name: 'tier', kind: 'text', choices: ['S1', 'S2', 'S3', 'I6'], summary: 'Size of the machines. Default: S1.' },
      COUNT,
      { name: 'os', kind: 'text', choices: ['Linux', 'Windows'], summary: 'Default: Linux.' },
      { name: 'subnet-id', kind: 'text', placeholder: 'ID', summary: 'Id of the subnet they are in.' },
      LOCATION,
      NO_WAIT,
    ],
    columns: AGENT_POOL_COLUMNS,
    run: async (args, context) => {
      const server = await context.management();
      const subnet = args.text('subnet-id');
      const location =
        args.text('location') ?? String((await server.get(await findRegistry(context, args.need('registry'), args.text('resource-group')), VERSION)).location);
      const properties = {
        count: args.integer('count') ?? 1,
        tier: args.text('tier') ?? 'S1',
        os: args.text('os') ?? 'Linux',
        ...(subnet === undefined ? {} : { virtualNetworkSubnetResourceId: subnet }),
      };
      return flatten(await server.put(await ofRegistry(args, context, 'agentPools', args.need('name')), VERSION, { location, properties }));
    },
  },
  {
    path: 'acr agentpool update',
    summary: 'Change how many machines an agent pool has.',
    options: [nameOption('agent pool'), REGISTRY, REGISTRY_GROUP, { ...COUNT, required: true }, NO_WAIT],
    columns: AGENT_POOL_COLUMNS,
    run: async (args, context) => {
      const path = await ofRegistry(args, context, 'agentPools', args.need('name'));
      return flatten(await (await context.management()).patch(path, VERSION, { properties: { count: args.integer('count') as number } }));
    },
  },
  {
    path: 'acr agentpool show',
    summary: 'Show an agent pool, or how many runs wait for it.',
    options: [nameOption('agent pool'), REGISTRY, REGISTRY_GROUP, { name: 'queue-count', kind: 'flag', summary: 'Only how many runs wait.' }],
    columns: AGENT_POOL_COLUMNS,
    run: async (args, context) => {
      const path = await ofRegistry(args, context, 'agentPools', args.need('name'));
      const server = await context.management();
      return args.boolean('queue-count') ? server.post(`${path}/listQueueStatus`, VERSION) : flatten(await server.get(path, VERSION));
    },
  },
);
