/** The state of a connection for one member of its endpoint. Pure. */
import type { ConnectionState } from './facts.ts';

/** The connection's own state, but for members that stay approved while it is Pending again for others (a replica in a new region). */
export function memberState(state: ConnectionState, approvedMembers: readonly string[] | undefined, member: string): ConnectionState {
  return state === 'Pending' && approvedMembers?.includes(member) ? 'Approved' : state;
}
