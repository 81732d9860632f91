/** `postern network private-dns link vnet update`. */
import { updateOf } from '../../../../../noun-commands.ts';
import { TAGS } from '../../../../../options.ts';

export default updateOf('network private-dns link vnet', {
  summary: 'Update a link of a private DNS zone to a virtual network.',
  options: [{ name: 'registration-enabled', short: 'e', kind: 'boolean', summary: "Whether the network's machines are registered in the zone." }, TAGS],
  change: (properties, args) => {
    const registered = args.boolean('registration-enabled');
    return { ...properties, ...(registered === undefined ? {} : { registrationEnabled: registered }) };
  },
});
