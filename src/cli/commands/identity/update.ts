/** `postern identity update`: its tags. */
import { updateOf } from '../../noun-commands.ts';

export default updateOf('identity', { summary: 'Update a user-assigned managed identity.', options: [], change: (properties) => properties });
