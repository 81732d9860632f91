/** `postern acr limit set`: how many private endpoints a registry takes. An operator's command; Azure has no such call. */
import { command } from '../../../command.ts';
import { flatten } from '../../../flatten.ts';
import { nameOption, RESOURCE_GROUP } from '../../../options.ts';
import { findRegistry, REGISTRY_TYPE } from '../../../resources.ts';
import { apiVersionOf } from '../../../versions.ts';

export default command({
  path: 'acr limit set',
  summary: 'Set how many private endpoints a registry takes.',
  options: [
    nameOption('registry'),
    { ...RESOURCE_GROUP, required: false },
    {
      name: 'private-endpoints',
      kind: 'integer',
      placeholder: 'COUNT',
      required: true,
      summary: 'The limit: 200 is that of Premium, 10 that of old registries.',
    },
  ],
  run: async (args, context) => {
    const path = await findRegistry(context, args.need('name'), args.text('resource-group'));
    const answer = await (await context.management()).post(`${path}/setPrivateEndpointLimit`, apiVersionOf(REGISTRY_TYPE), {
      limit: args.integer('private-endpoints') as number,
    });
    return answer === undefined ? undefined : flatten(answer);
  },
});
