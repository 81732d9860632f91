/** The actions of scope maps, as they are written on the command line and as the wire has them. */
import { UsageError } from './failure.ts';
import type { Option } from './options.ts';

const REPOSITORY_ACTIONS = ['content/delete', 'content/read', 'content/write', 'metadata/read', 'metadata/write'];
const GATEWAY_ACTIONS = ['config/read', 'config/write', 'message/read', 'message/write'];

export const REPOSITORY: Option = {
  name: 'repository',
  kind: 'list',
  repeat: true,
  placeholder: 'REPOSITORY ACTION',
  summary: `A repository and what may be done in it: ${REPOSITORY_ACTIONS.join(', ')}. May be given several times.`,
};
export const GATEWAY: Option = {
  name: 'gateway',
  kind: 'list',
  repeat: true,
  placeholder: 'CONNECTED_REGISTRY ACTION',
  summary: `A connected registry and what it may do: ${GATEWAY_ACTIONS.join(', ')}. May be given several times.`,
};

/** `repositories/R/ACTION` and `gateway/C/ACTION` for each. @throws UsageError for an action there is not */
export function actionsOf(repositories: readonly (readonly string[])[], gateways: readonly (readonly string[])[]): string[] {
  return [
    ...repositories.flatMap((words) => actions('repositories', words, REPOSITORY_ACTIONS)),
    ...gateways.flatMap((words) => actions('gateway', words, GATEWAY_ACTIONS)),
  ];
}

function actions(kind: string, [name, ...given]: readonly string[], legal: readonly string[]): string[] {
  const wanted = given.map((action) => action.toLowerCase());
  const wrong = wanted.find((action) => !legal.includes(action));
  if (wanted.length === 0 || wrong !== undefined)
    throw new UsageError(`${wrong === undefined ? `'${name}' has no action` : `Invalid action '${wrong}' provided`}. Valid actions are: ${legal.join(', ')}.`);
  return wanted.map((action) => `${kind}/${kind === 'gateway' ? (name as string).toLowerCase() : name}/${action}`);
}
