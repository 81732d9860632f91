/** `postern ad app delete`. */
import type { JsonObject } from '#base/json.ts';
import { command } from '../../../command.ts';
import { forbidOwn, listObjects, quoted } from '../../../directory.ts';

export default command({
  path: 'ad app delete',
  summary: 'Delete an application with its service principal and passwords.',
  options: [{ name: 'id', kind: 'text', placeholder: 'ID', required: true, summary: 'appId or object id of the application.' }],
  run: async (args, context) => {
    const server = await context.management();
    const id = args.need('id');
    const [named] = await listObjects(server, 'applications', `appId eq ${quoted(id)}`);
    const object = named ?? ((await server.ask('GET', `/v1.0/applications/${encodeURIComponent(id)}`)).body as JsonObject);
    forbidOwn(server, object);
    await server.ask('DELETE', `/v1.0/applications/${object.id}`);
    return undefined;
  },
});
