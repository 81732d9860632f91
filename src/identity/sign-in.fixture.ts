/** The sign-in plane for tests: real keys, store and directory, two tenants, and what tests send and read. */
import { FakeClock, isoTime } from '#base/clock.ts';
import type { Plane, Reply } from '#http/message.ts';
import { requestOf } from '#http/request.fixture.ts';
import { Store } from '#store/store.ts';
import { insertTenant } from '#store/tenants.ts';
import type { Arrival } from '#topology/arrival.ts';
import { Directory } from './directory.ts';
import { SigningKeys } from './keys.ts';
import { loginPlane } from './login.ts';
import { Tokens } from './tokens.ts';

export const tenantId = '11111111-1111-1111-1111-111111111111';
export const otherTenantId = '22222222-2222-2222-2222-222222222222';
export const ARM = 'https://management.azure.com/';
/** The first tenant's token endpoint. */
export const v2 = `/${tenantId}/oauth2/v2.0/token`;
export const host: Arrival = { via: 'management', listener: 'host', peer: '127.0.0.1' };

export interface SignIn {
  readonly clock: FakeClock;
  readonly store: Store;
  readonly tokens: Tokens;
  readonly directory: Directory;
  readonly plane: Plane;
  /** Sends a form, or a body as it stands, to the host's management listener. */
  post(path: string, form: Record<string, string> | string, headers?: Record<string, string>): Promise<Reply>;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
}

/** A plane on a store of its own; signing keys are those of the folder. */
export async function openSignIn(folder: string): Promise<SignIn> {
  const clock = new FakeClock();
  const store = await Store.open(':memory:');
  for (const [id, domain] of [
    [tenantId, 'contoso.example'],
    [otherTenantId, 'fabrikam.example'],
  ] as const)
    await store.write(({ database }) => insertTenant(database, { id, displayName: domain, domain, createdAt: isoTime(clock) }));
  const directory = await Directory.open({ store, clock });
  const tokens = new Tokens({ keys: await SigningKeys.open(folder, clock), clock, tenantId, groupsOf: (objectId) => directory.groupsOf(objectId) });
  const plane = loginPlane({
    tokens,
    directory,
    store,
    tenantId,
    clock,
    sealKey: Buffer.alloc(32, 7),
    hostUrl: 'https://127.0.0.1:8443',
    domain: 'azurecr.io',
    hostDomain: 'localhost',
  });
  const urlOf = (path: string): string => `https://127.0.0.1:8443${path}`;
  return {
    clock,
    store,
    tokens,
    directory,
    plane,
    post: (path, form, headers = {}) => {
      const sent = typeof form === 'string' ? { body: form, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } } : { form, headers };
      return plane(requestOf('POST', urlOf(path), sent), host);
    },
    get: (path, headers = {}) => plane(requestOf('GET', urlOf(path), { headers }), host),
  };
}

export function text(reply: Reply): string {
  return reply.body?.kind === 'bytes' ? Buffer.from(reply.body.bytes).toString() : '';
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read freely in tests.
export function json(reply: Reply): any {
  return JSON.parse(text(reply));
}

/** Status, OAuth error and AADSTS code of a refusal. */
export function refused(reply: Reply): [status: number, error: string, code: number] {
  const { error, error_codes } = json(reply);
  return [reply.status, error, error_codes[0]];
}
