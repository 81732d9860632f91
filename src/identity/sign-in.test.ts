import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import { requestOf } from '#http/request.fixture.ts';
import { revokeSignIns } from '#store/sign-in.ts';
import type { User } from './people.ts';
import { ARM, host, json, openSignIn, otherTenantId, refused, type SignIn, tenantId, text, v2 } from './sign-in.fixture.ts';
import { GRAPH_AUDIENCES, MANAGEMENT_AUDIENCES } from './tokens.ts';

const AZ = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
const PASSWORD = 'correct horse';
const SCOPE = `${ARM}/.default offline_access openid profile`;

const folder = mkdtempSync(join(tmpdir(), 'postern-sign-in-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let clock: SignIn['clock'];
let store: SignIn['store'];
let tokens: SignIn['tokens'];
let directory: SignIn['directory'];
let plane: SignIn['plane'];
let post: SignIn['post'];
let get: SignIn['get'];
let ann: User;

beforeEach(async () => {
  ({ clock, store, tokens, directory, plane, post, get } = await openSignIn(folder));
  ann = await directory.createUser({ tenantId, upn: 'ann@contoso.example', displayName: 'Ann', password: PASSWORD });
});
afterEach(() => store.close());

const password = (more: Record<string, string> = {}) => ({
  grant_type: 'password',
  client_id: AZ,
  username: 'Ann@Contoso.example',
  password: PASSWORD,
  scope: SCOPE,
  ...more,
});
// docs/sources.md#sign-in
test('a user signs in by password: access, refresh and id token, and who it is for MSAL', async () => {
  const answer = json(await post('/organizations/oauth2/v2.0/token', password({ client_info: '1', claims: '{"access_token":{"xms_cc":{"values":["CP1"]}}}' })));
  const identity = await tokens.verifyAccess(answer.access_token, MANAGEMENT_AUDIENCES);
  assert.deepEqual(identity, { objectId: ann.objectId, tenantId, kind: 'User', upn: 'ann@contoso.example' });
  const claims = decodeJwt(answer.access_token);
  assert.deepEqual([claims.appid, claims.azp, claims.appidacr, claims.idtyp, claims.amr, claims.tid], [AZ, AZ, '0', 'user', ['pwd'], tenantId]);
  assert.ok(answer.scope.split(' ').includes(`${ARM}/.default`), 'MSAL finds the token again only under the scope that it asked for');
  assert.equal(answer.expires_in, 3600);
  const id = decodeJwt(answer.id_token);
  assert.deepEqual([id.aud, id.oid, id.tid, id.preferred_username, id.name], [AZ, ann.objectId, tenantId, 'ann@contoso.example', 'Ann']);
  assert.deepEqual(JSON.parse(Buffer.from(answer.client_info, 'base64url').toString()), { uid: ann.objectId, utid: tenantId });
  await assert.rejects(tokens.verifyAccess(answer.id_token, [AZ]), 'an id token is no access token');

  const federated = json(await post('/adfs/oauth2/token', password({ client_info: '1' })));
  assert.equal(federated.client_info, undefined);
  const bare = json(await post(v2, password({ scope: `${ARM}user_impersonation` })));
  assert.deepEqual([bare.refresh_token, bare.id_token], [undefined, undefined]);
  const one = json(await post(`/${tenantId}/oauth2/token`, password({ scope: '', resource: ARM })));
  assert.deepEqual([typeof one.expires_on, typeof one.refresh_token, one.resource], ['string', 'string', ARM]);
  const graph = json(await post(v2, password({ scope: 'User.Read openid' })));
  await tokens.verifyAccess(graph.access_token, GRAPH_AUDIENCES);
});

test('refusals of users are those of Entra', async () => {
  await directory.createUser({ tenantId, upn: 'off@contoso.example', displayName: 'Off', password: PASSWORD, enabled: false });
  const cases: [string, Record<string, string>, [number, string, number]][] = [
    [v2, { password: 'wrong' }, [400, 'invalid_grant', 50126]],
    [v2, { username: 'nobody@contoso.example' }, [400, 'invalid_grant', 50034]],
    [v2, { username: 'off@contoso.example' }, [400, 'invalid_grant', 50057]],
    [v2, { username: '' }, [400, 'invalid_request', 900144]],
    [v2, { client_id: '99999999-9999-9999-9999-999999999999' }, [400, 'unauthorized_client', 700016]],
    [v2, { client_id: ARM }, [400, 'unauthorized_client', 700016]],
    [v2, { scope: `${ARM}/.default https://graph.microsoft.com/User.Read` }, [400, 'invalid_scope', 70011]],
    [v2, { scope: 'https://elsewhere.example/.default' }, [400, 'invalid_resource', 500011]],
    [`/${otherTenantId}/oauth2/v2.0/token`, {}, [400, 'invalid_grant', 50020]],
  ];
  for (const [path, more, expected] of cases) {
    const reply = await post(path, password(more));
    assert.deepEqual(refused(reply), expected, JSON.stringify(more));
    assert.ok(!text(reply).includes(PASSWORD));
  }
});

test('at another tenant a user who has not proved itself is as unknown as one that is not there', async () => {
  const elsewhere = `/${otherTenantId}/oauth2/v2.0/token`;
  const told = async (username: string): Promise<string> =>
    json(await post(elsewhere, password({ username, password: 'wrong' }))).error_description.split(' Trace ID')[0];
  assert.match(await told('ann@contoso.example'), /AADSTS50034/);
  assert.equal(await told('ann@contoso.example'), await told('nobody@contoso.example'));
});

test('ten wrong passwords close the door for a minute, for that name and place only', async () => {
  for (let i = 0; i < 10; i++) assert.equal(refused(await post(v2, password({ password: `wrong ${i}` })))[2], 50126);
  assert.deepEqual(refused(await post(v2, password())), [400, 'invalid_grant', 50053]);
  const elsewhere = await plane(requestOf('POST', `https://login.microsoftonline.com${v2}`, { form: password() }), { ...host, peer: '10.0.0.9' });
  assert.equal(elsewhere.status, 200);
  clock.advance(60_000);
  assert.equal((await post(v2, password())).status, 200);
});

test('a refresh token serves its user and client until it is revoked, and gives another each time', async () => {
  const first = json(await post(v2, password())).refresh_token as string;
  const refresh = (token: string, more: Record<string, string> = {}) =>
    post('/organizations/oauth2/v2.0/token', { grant_type: 'refresh_token', client_id: AZ, refresh_token: token, scope: SCOPE, ...more });
  clock.advance(1_000);
  const second = json(await refresh(first)).refresh_token as string;
  assert.notEqual(second, first);
  assert.equal((await refresh(first, { scope: 'https://graph.microsoft.com//.default offline_access' })).status, 200, 'the earlier one stays valid');
  assert.deepEqual(refused(await refresh(first, { client_id: '1950a258-227b-4e31-a9cf-717495945fc2' })), [400, 'invalid_grant', 70000]);
  assert.deepEqual(refused(await refresh(`${first.slice(0, -4)}AAAA`)), [400, 'invalid_grant', 70000]);
  assert.deepEqual(refused(await refresh('x')), [400, 'invalid_grant', 70000]);

  await directory.people.updateUser(ann.objectId, { password: 'another' });
  assert.deepEqual(refused(await refresh(second)), [400, 'invalid_grant', 50173]);
  clock.advance(1);
  const third = json(await post(v2, password({ password: 'another' }))).refresh_token as string;
  clock.advance(1);
  await store.write(({ database }) => revokeSignIns(database, ann.objectId, clock.now()));
  assert.deepEqual(refused(await refresh(third)), [400, 'invalid_grant', 50173]);
  clock.advance(1);
  const fourth = json(await post(v2, password({ password: 'another' }))).refresh_token as string;
  await directory.people.updateUser(ann.objectId, { enabled: false });
  assert.deepEqual(refused(await refresh(fourth)), [400, 'invalid_grant', 50057]);
  await directory.people.removeUser(ann.objectId);
  assert.deepEqual(refused(await refresh(fourth)), [400, 'invalid_grant', 50034]);
  clock.advance(91 * 24 * 3600 * 1000);
  assert.deepEqual(refused(await refresh(fourth)), [400, 'invalid_grant', 70008]);
});

/** What the page gave: the cookie and the state that go with the form. */
async function opened(path: string): Promise<{ cookie: string; state: string }> {
  const reply = await get(path);
  assert.equal(reply.status, 200, text(reply));
  assert.match(String(reply.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
  const cookie = String(reply.headers['set-cookie']);
  assert.match(cookie, /^__Host-.*Secure; HttpOnly; SameSite=Strict$/);
  return { cookie: cookie.split(';')[0] as string, state: /name="state" value="([^"]+)"/.exec(text(reply))?.[1] ?? '' };
}

test('a device waits for the person who types its code', async () => {
  const device = json(await post('/adfs/oauth2/devicecode', { client_id: AZ, scope: SCOPE }));
  assert.equal(device.verification_uri, 'https://127.0.0.1:8443/devicelogin');
  assert.ok(device.message.includes(device.user_code));
  const poll = () => post('/adfs/oauth2/token', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: AZ, device_code: device.device_code });
  assert.deepEqual(refused(await poll()), [400, 'authorization_pending', 70016]);
  const elsewhere = { grant_type: 'device_code', client_id: '1950a258-227b-4e31-a9cf-717495945fc2', device_code: device.device_code };
  assert.deepEqual(refused(await post(v2, elsewhere)), [400, 'invalid_grant', 70000], 'another client did not ask for it');

  const { cookie, state } = await opened('/devicelogin');
  const typed = { state, code: `${device.user_code.slice(0, 4)}-${device.user_code.slice(4)}`.toLowerCase(), username: ann.upn, password: PASSWORD };
  const foreign: [Record<string, string>, Record<string, string>][] = [
    [typed, {}],
    [typed, { cookie: `${cookie.slice(0, -2)}AA` }],
    [{ ...typed, state: '' }, { cookie }],
    [typed, { cookie, origin: 'https://evil.example' }],
  ];
  for (const [form, headers] of foreign) {
    assert.match(text(await post('/devicelogin', form, headers)), /was not opened here/);
    assert.equal(refused(await poll())[1], 'authorization_pending');
  }
  assert.match(text(await post('/devicelogin', { ...typed, code: 'AAAAAAAAA' }, { cookie })), /code did not work/);
  const wrong = await post('/devicelogin', { ...typed, password: '"><script>' }, { cookie });
  assert.match(text(wrong), /AADSTS50126/);
  assert.ok(!text(wrong).includes('script'), 'no password comes back');
  assert.match(text(await post('/devicelogin', typed, { cookie, origin: 'https://127.0.0.1:8443' })), /signed in as <b>ann@contoso/);
  const answer = json(await poll());
  assert.equal((await tokens.verifyAccess(answer.access_token, MANAGEMENT_AUDIENCES)).objectId, ann.objectId);
  assert.ok(answer.refresh_token && answer.id_token);
  assert.deepEqual(refused(await poll()), [400, 'invalid_grant', 70000], 'once');

  const late = json(await post('/adfs/oauth2/devicecode', { client_id: AZ, scope: SCOPE }));
  clock.advance(900_000);
  assert.deepEqual(refused(await post(v2, { grant_type: 'device_code', client_id: AZ, device_code: late.device_code })), [400, 'expired_token', 70020]);
});

test('codes of devices cannot be guessed from one place', async () => {
  const { user_code: code } = json(await post('/adfs/oauth2/devicecode', { client_id: AZ, scope: SCOPE }));
  const { cookie, state } = await opened('/devicelogin');
  const type = (typed: string) => post('/devicelogin', { state, code: typed, username: ann.upn, password: PASSWORD }, { cookie });
  for (let i = 0; i < 10; i++) assert.match(text(await type('AAAAAAAAA')), /did not work/);
  assert.match(text(await type(code)), /Too many codes/);
});

test('what is typed comes back harmless', async () => {
  const evil = `"><img src=x onerror=alert(1)>'&`;
  const { cookie, state } = await opened(`/devicelogin?otc=${encodeURIComponent(evil)}`);
  for (const reply of [
    await get(`/devicelogin?otc=${encodeURIComponent(evil)}`),
    await post('/devicelogin', { state, code: evil, username: evil, password: 'x' }, { cookie }),
  ])
    assert.ok(!text(reply).includes('<img'), text(reply));
});

const challenge = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');
const authorizeUrl = (more: Record<string, string> = {}): string =>
  `/adfs/oauth2/authorize?${new URLSearchParams({
    client_id: AZ,
    response_type: 'code',
    redirect_uri: 'http://localhost:8400',
    scope: SCOPE,
    state: 'st&te',
    code_challenge: challenge('v'.repeat(43)),
    code_challenge_method: 'S256',
    nonce: 'n1',
    ...more,
  })}`;

test('a browser signs in by an authorization code, which its client proves it asked for', async () => {
  const { cookie, state } = await opened(authorizeUrl());
  const back = await post('/adfs/oauth2/authorize', { state, username: ann.upn, password: PASSWORD }, { cookie });
  assert.equal(back.status, 302);
  const location = new URL(String(back.headers.location));
  assert.deepEqual([location.origin, location.searchParams.get('state')], ['http://localhost:8400', 'st&te']);
  const form = {
    grant_type: 'authorization_code',
    client_id: AZ,
    code: location.searchParams.get('code') as string,
    redirect_uri: 'http://localhost:8400',
    code_verifier: 'v'.repeat(43),
  };
  const answer = json(await post('/adfs/oauth2/token', form));
  assert.equal(decodeJwt(answer.id_token).nonce, 'n1');
  assert.deepEqual(refused(await post('/adfs/oauth2/token', form)), [400, 'invalid_grant', 54005], 'once');

  const codeOf = async (): Promise<string> => {
    const again = await opened(authorizeUrl({ response_mode: 'form_post' }));
    const page = await post('/adfs/oauth2/authorize', { state: again.state, username: ann.upn, password: PASSWORD }, { cookie: again.cookie });
    assert.match(text(page), /action="http:\/\/localhost:8400".*name="state" value="st&amp;te"/);
    return /name="code" value="([^"]+)"/.exec(text(page))?.[1] as string;
  };
  const code = await codeOf();
  assert.deepEqual(refused(await post('/adfs/oauth2/token', { ...form, code, code_verifier: 'w'.repeat(43) })), [400, 'invalid_grant', 501481]);
  assert.deepEqual(refused(await post('/adfs/oauth2/token', { ...form, code })), [400, 'invalid_grant', 54005], 'a wrong verifier ends it');
  const moved = await codeOf();
  assert.deepEqual(refused(await post('/adfs/oauth2/token', { ...form, code: moved, redirect_uri: 'http://localhost:8401' })), [400, 'invalid_request', 50011]);
  const stale = await codeOf();
  clock.advance(600_000);
  assert.deepEqual(refused(await post('/adfs/oauth2/token', { ...form, code: stale })), [400, 'invalid_grant', 70008]);
});

test('the authorization endpoint leads to the own machine only, and not without a challenge', async () => {
  for (const more of [
    { redirect_uri: 'https://evil.example' },
    { redirect_uri: 'http://localhost.evil.example' },
    { redirect_uri: 'http://localhost@evil.example' },
    { redirect_uri: 'javascript:alert(1)' },
    { client_id: '99999999-9999-9999-9999-999999999999' },
    { response_type: 'token' },
    { response_mode: 'fragment' },
    { code_challenge: '' },
    { code_challenge_method: 'plain' },
  ]) {
    const reply = await get(authorizeUrl(more as unknown as Record<string, string>));
    assert.deepEqual([reply.status, reply.headers.location], [400, undefined], JSON.stringify(more));
  }
});

test('keys rotate under a verifier that runs', async () => {
  const before = json(await post(v2, password())).access_token as string;
  await tokens.verifyAccess(before, MANAGEMENT_AUDIENCES);
  clock.advance(31 * 24 * 3600 * 1000);
  const late = json(await post(v2, password())).access_token as string;
  assert.notEqual(kidOf(late), kidOf(before));
  assert.equal((await tokens.verifyAccess(late, MANAGEMENT_AUDIENCES)).objectId, ann.objectId);
  const keys = json(await get('/common/discovery/keys')).keys.map(({ kid }: { kid: string }) => kid);
  assert.ok(keys.includes(kidOf(late)) && keys.includes(kidOf(before)), 'the last tokens of the old key are still verified by others');
});
const kidOf = (token: string): string => JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString()).kid;

test('MSAL is told that a password may be sent', async () => {
  assert.equal(json(await get('/common/userrealm/ann%40contoso.example?api-version=1.0')).account_type, 'Managed');
  assert.equal(json(await get('/common/userrealm/%ZZ?api-version=1.0')).account_type, 'Unknown');
  const any = json(await get('/organizations/v2.0/.well-known/openid-configuration'));
  assert.equal(any.token_endpoint, 'https://127.0.0.1:8443/organizations/oauth2/v2.0/token');
  assert.equal(json(await get('/fabrikam.example/v2.0/.well-known/openid-configuration')).issuer, `https://127.0.0.1:8443/${otherTenantId}/v2.0`);
});

test('a form of very many parameters holds nobody up', async () => {
  const body = Array.from({ length: 40_000 }, (_, index) => `${index.toString(36)}=`).join('&');
  const before = performance.now();
  const reply = await post(v2, body);
  assert.equal(refused(reply)[2], 900144);
  assert.ok(performance.now() - before < 1500, 'each parameter is looked at once');
});

test('whatever is sent, the answer is an OAuth error', async () => {
  const grants = ['client_credentials', 'password', 'refresh_token', 'authorization_code', 'device_code', 'urn:ietf:params:oauth:grant-type:device_code', ''];
  const names = [
    'client_id',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'scope',
    'resource',
    'username',
    'password',
    'refresh_token',
    'code',
    'device_code',
    'redirect_uri',
    'code_verifier',
  ];
  const value = fc.oneof(fc.string({ maxLength: 50 }), fc.constantFrom(AZ, SCOPE, ARM, '', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.', '%', '\0'));
  const paths = [v2, '/adfs/oauth2/token', '/common/oauth2/token', '/adfs/oauth2/devicecode', '/devicelogin', '/adfs/oauth2/authorize'];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.constantFrom(...grants),
      fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 8 }),
      async (path, grant, pairs) => {
        const body = new URLSearchParams([['grant_type', grant], ...pairs]).toString();
        const reply = await post(path, body);
        assert.ok(reply.status < 500, `${path} ${body}: ${reply.status}`);
        if (path.endsWith('token') && reply.status !== 200) assert.equal(typeof json(reply).error, 'string');
      },
    ),
    { numRuns: 150 },
  );
  const twice = await post(v2, 'grant_type=password&grant_type=password');
  assert.deepEqual(refused(twice), [400, 'invalid_request', 9002313]);
  const huge = await post(v2, 'x'.repeat(300_000));
  assert.deepEqual([huge.status, json(huge).error], [413, 'invalid_request']);
});
