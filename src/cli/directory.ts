/** The directory, asked by Microsoft Graph: what the commands about principals share. */
import { systemClock } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Context } from './context.ts';
import { type Management, pathOf } from './management.ts';
import type { Option } from './options.ts';

export const YEARS: Option = { name: 'years', kind: 'integer', placeholder: 'N', summary: 'How many years the password holds. Default: 1.' };
export const PRINCIPAL_ID: Option = {
  name: 'id',
  kind: 'text',
  placeholder: 'ID',
  required: true,
  summary: 'appId or object id of the service principal.',
};

/** All pages of a set (`users`, `groups/ID/members`), or of the part that the filter leaves. */
export async function listObjects(server: Management, set: string, filter?: string): Promise<JsonObject[]> {
  const all: JsonObject[] = [];
  let next: string | undefined = `/v1.0/${set}${filter === undefined ? '' : `?$filter=${encodeURIComponent(filter)}`}`;
  while (next !== undefined) {
    const page = (await server.ask('GET', next)).body as { value: JsonObject[]; '@odata.nextLink'?: string };
    all.push(...page.value);
    next = page['@odata.nextLink'] === undefined ? undefined : pathOf(page['@odata.nextLink']);
  }
  return all;
}

/** The objects with these ids, by id in lower case, as far as the caller may know them: none where the directory does not answer. */
export async function objectsWithIds(server: Management, ids: Iterable<string>): Promise<Map<string, JsonObject>> {
  const unique = [...new Set(ids)];
  if (unique.length === 0) return new Map();
  const answer = await server.send('POST', '/v1.0/directoryObjects/getByIds', { ids: unique, types: ['user', 'group', 'servicePrincipal'] });
  const found = answer.status === 200 && isJsonObject(answer.body) && Array.isArray(answer.body.value) ? answer.body.value.filter(isJsonObject) : [];
  return new Map(found.map((object) => [String(object.id).toLowerCase(), object]));
}

/** A text as OData writes it in filters. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The service principal with this appId or object id, and the path it is asked at. @throws Refusal 404 */
export async function servicePrincipal(server: Management, id: string): Promise<{ path: string; object: JsonObject }> {
  const [named] = await listObjects(server, 'servicePrincipals', `servicePrincipalNames/any(c:c eq ${quoted(id)})`);
  const path = `/v1.0/servicePrincipals/${encodeURIComponent(named === undefined ? id : String(named.id))}`;
  return { path, object: (await server.ask('GET', path)).body as JsonObject };
}

/** From now until so many years from now, as Graph writes it. Asked for before anything is made. @throws Fault */
export function lifetime(years = 1): { startDateTime: string; endDateTime: string } {
  const start = new Date(systemClock.now());
  const end = new Date(start);
  end.setUTCFullYear(end.getUTCFullYear() + years);
  if (years < 1 || !(end.getUTCFullYear() <= 9999)) throw new Fault('invalid', 'Years', `--years ${years}: give a whole number of years, from 1 on.`);
  return { startDateTime: start.toISOString(), endDateTime: end.toISOString() };
}

/** The text of a new password of the application or service principal at the path. */
export async function addPassword(server: Management, path: string, passwordCredential: JsonObject): Promise<string> {
  return String(((await server.ask('POST', `${path}/addPassword`, { passwordCredential })).body as JsonObject).secretText);
}

/** Ends the passwords that an object had when it was read. */
export async function removePasswords(server: Management, path: string, object: JsonObject): Promise<void> {
  for (const { keyId } of object.passwordCredentials as JsonObject[]) await server.ask('POST', `${path}/removePassword`, { keyId });
}

/** The commands sign in by the operator's own principal: without it, or with another secret, none of them would work again. @throws Fault */
export function forbidOwn(server: Management, object: JsonObject): void {
  if (String(object.appId).toLowerCase() !== server.appId.toLowerCase()) return;
  throw new Fault(
    'conflict',
    'OwnPrincipal',
    `'${object.appId}' is the operator, by whom this command signs in: it stays. For a new secret of the operator stop Postern, delete operator.json in the data folder, and start it.`,
  );
}

/** In the words of az, so that nobody who searches for them finds nothing. */
export function warnOfCredentials(context: Context): void {
  context.err(
    'WARNING: The output includes credentials that you must protect. Be sure that you do not include these credentials in your code or check the credentials into your source control.\n',
  );
}
