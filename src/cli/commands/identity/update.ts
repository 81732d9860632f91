/** `postern identity update`: its tags. */
import { updateOf } from '../../noun-commands.ts';
import { TAGS } from '../../options.ts';

export default updateOf('identity', { summary: 'Update a user-assigned managed identity.', options: [TAGS] });
