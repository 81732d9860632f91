/** `postern network private-endpoint update`. */
import { isJsonObject, type Json } from '#base/json.ts';
import { updateOf } from '../../../noun-commands.ts';
import { TAGS } from '../../../options.ts';

const CONNECTIONS = ['privateLinkServiceConnections', 'manualPrivateLinkServiceConnections'] as const;

export default updateOf('network private-endpoint', {
  summary: 'Update a private endpoint.',
  options: [{ name: 'request-message', kind: 'text', summary: 'A message to the one who approves.' }, TAGS],
  change: (properties, args) => {
    const message = args.text('request-message');
    if (message === undefined) return properties;
    const saying = (connection: Json): Json =>
      isJsonObject(connection) && isJsonObject(connection.properties)
        ? { ...connection, properties: { ...connection.properties, requestMessage: message } }
        : connection;
    return { ...properties, ...Object.fromEntries(CONNECTIONS.map((key) => [key, Array.isArray(properties[key]) ? properties[key].map(saying) : []])) };
  },
});
