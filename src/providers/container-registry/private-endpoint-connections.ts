/** Microsoft.ContainerRegistry/registries/privateEndpointConnections: a private endpoint in the registry's eyes; its owner approves or rejects it here. */
import { isDeepStrictEqual } from 'node:util';
import { type Resource, resourceType } from '#arm/resource-type.ts';
import { isoTime } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { keyOf, notChangeable } from '../references.ts';
import { choice, propertiesSchema, reference } from '../schema-parts.ts';
import {
  APPROVED_ONCE,
  CONNECTION_TYPE,
  connectionProperties,
  type Decision,
  endpointIdOf,
  linkStateOf,
  standingApproval,
  wasApproved,
  withoutStanding,
  zoneGroupsOf,
} from './private-link.ts';

function standingFact(connection: Resource): { approvedMembers?: readonly string[] } {
  const standing = standingApproval(connection);
  return standing ? { approvedMembers: standing.members } : {};
}

export const privateEndpointConnections = resourceType({
  type: CONNECTION_TYPE,
  scope: 'resourceGroup',
  apiVersions: ['2026-11-01', '2025-11-01', '2023-07-01', '2022-02-01-preview'],
  location: 'none',
  name: { pattern: /^[\w.-]{1,200}$/, message: 'a connection is named by the service' },
  verbs: ['GET', 'PUT', 'DELETE'],
  ownerMade: true,
  asyncOperationPath: 'resource',
  properties: propertiesSchema({
    privateEndpoint: reference('Microsoft.Network/privateEndpoints').optional(),
    privateLinkServiceConnectionState: z.object({
      status: choice('Approved', 'Pending', 'Rejected', 'Disconnected'),
      description: z.string().max(1000).default(''),
      actionsRequired: choice('None', 'Recreate').default('None'),
    }),
  }),

  /**
   * docs/sources.md#connection-states. Pending may become Approved or Rejected, Approved may become Rejected at any time, and approving twice is no error.
   * A Rejected connection may be approved again: the general Private Link notes say no, nothing says so of registries (docs/unknowns.md).
   */
  async admit(draft, previous) {
    if (!previous) return [];
    const faults: Fault[] = [];
    const endpoint = draft.body.properties.privateEndpoint as { id: string } | undefined;
    if (endpoint && keyOf(endpoint.id) !== keyOf(endpointIdOf(previous))) faults.push(notChangeable('properties.privateEndpoint.id'));
    const { status: from } = linkStateOf(previous);
    const { status: to } = linkStateOf(draft);
    const target = 'properties.privateLinkServiceConnectionState.status';
    if (from !== to && (to === 'Pending' || to === 'Disconnected' || from === 'Disconnected')) {
      const next =
        from === 'Disconnected' ? 'A Disconnected connection is final: delete the private endpoint and create it anew.' : 'It may become Approved or Rejected.';
      faults.push(
        new Fault(
          'invalid',
          'InvalidPrivateEndpointConnectionState',
          `The state of private endpoint connection '${previous.name}' cannot go from ${from} to ${to}. ${next}`,
          {
            target,
          },
        ),
      );
    }
    return faults;
  },

  async prepare(draft, previous, { caller, clock }) {
    const endpointId = previous ? endpointIdOf(previous) : endpointIdOf(draft);
    const state = linkStateOf(draft);
    // Saying the same again changes nothing: who decided first, decided.
    const same = previous !== undefined && isDeepStrictEqual(linkStateOf(previous), state);
    const decision: Decision = { status: state.status, by: caller.principalId, at: isoTime(clock) };
    const hidden = same ? draft.hidden : { ...(state.status === 'Pending' ? draft.hidden : withoutStanding(draft.hidden)), decision: { ...decision } };
    return {
      body: { ...draft.body, properties: connectionProperties(endpointId, state) },
      hidden: wasApproved(draft) || (previous && wasApproved(previous)) ? { ...hidden, ...APPROVED_ONCE } : hidden,
    };
  },

  facts: (resource) => [
    {
      kind: 'connection',
      connection: resource.key,
      registry: resource.parent as ResourceKey,
      endpoint: keyOf(endpointIdOf(resource)),
      state: linkStateOf(resource).status,
      approvedOnce: wasApproved(resource),
      ...standingFact(resource),
    },
  ],

  /** The endpoint shows the state, and its zone groups write their records at the first approval. */
  async affects(resource, reader) {
    const endpoint = keyOf(endpointIdOf(resource));
    return [endpoint, ...(await zoneGroupsOf(endpoint, reader))];
  },
});
