/** `postern acr private-endpoint-connection approve`. */
import { command } from '../../../command.ts';
import { DECISION_OPTIONS, decide } from '../../../connection-decision.ts';

export default command({
  path: 'acr private-endpoint-connection approve',
  summary: 'Approve a private endpoint connection of a registry.',
  options: DECISION_OPTIONS,
  run: (args, context) => decide(args, context, 'Approved'),
});
