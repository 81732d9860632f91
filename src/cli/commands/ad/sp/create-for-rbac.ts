/** `postern ad sp create-for-rbac`. */
import { randomUUID } from 'node:crypto';
import { Fault } from '#base/fault.ts';
import type { JsonObject } from '#base/json.ts';
import { command } from '../../../command.ts';
import { addPassword, forbidOwn, lifetime, listObjects, quoted, removePasswords, warnOfCredentials, YEARS } from '../../../directory.ts';
import { Refusal, UsageError } from '../../../failure.ts';
import { nameOption } from '../../../options.ts';
import { ASSIGNMENTS, roleId } from '../../../roles.ts';
import { apiVersionOf } from '../../../versions.ts';

export default command({
  path: 'ad sp create-for-rbac',
  summary: 'Create a service principal with a password, and give it a role.',
  options: [
    nameOption('application and its service principal', { aliases: ['display-name'] }),
    { name: 'role', kind: 'text', placeholder: 'NAME_OR_ID', summary: 'Name, GUID or id of the role, for example AcrPull.' },
    { name: 'scopes', kind: 'list', placeholder: 'ID', summary: 'Where the role holds: ids, separated by blanks.' },
    YEARS,
  ],
  notes: 'The password is shown once and kept nowhere. With a name that is there already it gets a new password, and its earlier ones end.',
  examples: ['postern ad sp create-for-rbac -n ci --role AcrPull --scopes "$(postern acr show -n myregistry --query id -o tsv)"'],
  run: async (args, context) => {
    const role = args.text('role');
    const scopes = (args.list('scopes') ?? []).map((scope) => scope.replace(/\/+$/, ''));
    if ((role === undefined) !== (scopes.length === 0)) throw new UsageError('to create role assignments, specify both --role and --scopes');
    const displayName = args.need('name');
    const holds = lifetime(args.integer('years'));
    const server = await context.management();
    // Before anything is made: a role that is not there would leave a principal without one.
    const roles = role === undefined ? [] : await Promise.all(scopes.map((scope) => roleId(context, role, scope)));

    const application = await namedApplication(displayName);
    const path = `/v1.0/applications/${application.id}`;
    const password = await addPassword(server, path, { displayName: 'rbac', ...holds });
    const [existing] = await listObjects(server, 'servicePrincipals', `appId eq ${quoted(String(application.appId))}`);
    const principal =
      existing ?? ((await server.ask('POST', '/v1.0/servicePrincipals', { appId: application.appId, accountEnabled: true })).body as JsonObject);
    for (const [index, scope] of scopes.entries()) {
      context.err(`WARNING: Creating '${role}' role assignment under scope '${scope === '' ? '/' : scope}'\n`);
      await assign(scope, roles[index] as string, String(principal.id));
    }
    await removePasswords(server, path, application);
    warnOfCredentials(context);
    return { appId: String(application.appId), displayName, password, tenant: server.tenantId };

    async function namedApplication(name: string): Promise<JsonObject> {
      const found = (await listObjects(server, 'applications', `displayName eq ${quoted(name)}`)).filter((one) => one.displayName === name);
      if (found.length > 1)
        throw new Fault('conflict', 'SeveralApplications', `${found.length} applications are named '${name}'. Give another name, or see: postern ad app list`);
      const [only] = found;
      if (!only) return (await server.ask('POST', '/v1.0/applications', { displayName: name, keyCredentials: [] })).body as JsonObject;
      forbidOwn(server, only);
      context.err(`WARNING: There is an application '${name}' already, ${only.appId}: it gets a new password, and its earlier ones end.\n`);
      return only;
    }

    async function assign(scope: string, roleDefinitionId: string, principalId: string): Promise<void> {
      const body = { properties: { roleDefinitionId, principalId, principalType: 'ServicePrincipal' } };
      try {
        await server.put(`${scope}/providers/${ASSIGNMENTS}/${randomUUID()}`, apiVersionOf(ASSIGNMENTS), body);
      } catch (error) {
        if (!(error instanceof Refusal) || error.problem.code !== 'RoleAssignmentExists') throw error;
      }
    }
  },
});
