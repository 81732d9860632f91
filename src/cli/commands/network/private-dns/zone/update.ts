/** `postern network private-dns zone update`: its tags. */
import { updateOf } from '../../../../noun-commands.ts';
import { TAGS } from '../../../../options.ts';

export default updateOf('network private-dns zone', { summary: 'Update a private DNS zone.', options: [TAGS] });
