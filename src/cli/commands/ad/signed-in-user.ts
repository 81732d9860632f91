/** `postern ad signed-in-user show`. */
import { commands } from '../../command.ts';

export default commands({
  path: 'ad signed-in-user show',
  summary: 'Show the user who is signed in; a service principal is none.',
  options: [],
  run: async (_args, context) => (await (await context.management()).ask('GET', '/v1.0/me')).body,
});
