/** `GET {registry}/connectionDecisions`: who put each private endpoint connection into its state, and when. Not an Azure API: evidence asks it. */
import type { Action } from '#arm/resource-type.ts';
import { CONNECTION_TYPE, connectionsOf, type Decision, endpointIdOf, linkStateOf } from './private-link.ts';

export const connectionDecisions: Action = {
  method: 'GET',
  permission: `${CONNECTION_TYPE}/read`,
  async run(registry, _request, { reader }) {
    return {
      body: {
        value: (await connectionsOf(registry, reader)).map((connection) => {
          const { status, description } = linkStateOf(connection);
          const decision = connection.hidden.decision as Decision | undefined;
          return {
            id: connection.id,
            name: connection.name,
            privateEndpoint: { id: endpointIdOf(connection) },
            status,
            description,
            ...(decision === undefined ? {} : { decidedBy: decision.by, decidedAt: decision.at }),
          };
        }),
      },
    };
  },
};
