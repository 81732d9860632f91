import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { decodeJwt, exportJWK, type JWTPayload, SignJWT } from 'jose';
import { isoTime } from '#base/clock.ts';
import { ARM, json, openSignIn, otherTenantId, refused, type SignIn, tenantId, text, v2 } from './sign-in.fixture.ts';
import { EXCHANGE_AUDIENCE, MANAGEMENT_AUDIENCES } from './tokens.ts';
import { applicationCertificate } from './x509.fixture.ts';
import { pem } from './x509.ts';

const folder = mkdtempSync(join(tmpdir(), 'postern-clients-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let clock: SignIn['clock'];
let store: SignIn['store'];
let tokens: SignIn['tokens'];
let directory: SignIn['directory'];
let post: SignIn['post'];

beforeEach(async () => {
  ({ clock, store, tokens, directory, post } = await openSignIn(folder));
});
afterEach(() => store.close());

/** An application with a certificate, and what signs for it. */
async function withCertificate(): Promise<{
  appId: string;
  objectId: string;
  der: Buffer;
  thumbprint: string;
  sign(claims: JWTPayload, header?: object): Promise<string>;
}> {
  const { appId, objectId } = await directory.createServicePrincipal({ tenantId, displayName: 'app' });
  const { der: encoded, thumbprint, privateKey } = applicationCertificate(clock);
  const der = Buffer.from(encoded, 'base64');
  await directory.replaceKeys(appId, [
    {
      keyId: '1',
      appId,
      thumbprint,
      pem: pem('CERTIFICATE', der),
      displayName: 'CN=test',
      startsAt: isoTime(clock),
      expiresAt: new Date(clock.now() + 1e9).toISOString(),
    },
  ]);
  const now = Math.floor(clock.now() / 1000);
  return {
    appId,
    objectId,
    der,
    thumbprint,
    sign: (claims, header = { alg: 'RS256', x5t: Buffer.from(thumbprint, 'hex').toString('base64') }) =>
      new SignJWT({ iss: appId, sub: appId, aud: `https://127.0.0.1:8443${v2}`, exp: now + 600, nbf: now, jti: 'j', ...claims })
        .setProtectedHeader(header as { alg: string })
        .sign(privateKey),
  };
}
const assertion = (appId: string, client_assertion: string, more: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  client_id: appId,
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion,
  scope: `${ARM}/.default`,
  ...more,
});

// docs/sources.md#client-assertions
test('an application proves itself by its certificate', async () => {
  const { appId, objectId, der, thumbprint, sign } = await withCertificate();
  const sha256 = createHash('sha256').update(der).digest('base64url');
  for (const header of [undefined, { alg: 'PS256', 'x5t#S256': sha256 }, { alg: 'RS256', kid: thumbprint }]) {
    const reply = await post(v2, assertion(appId, await sign({}, header)));
    assert.equal(reply.status, 200, text(reply));
    const { access_token } = json(reply);
    assert.equal((await tokens.verifyAccess(access_token, MANAGEMENT_AUDIENCES)).objectId, objectId);
    assert.equal(decodeJwt(access_token).appidacr, '2');
  }
  // One assertion for several requests, as MSAL sends it; the application named by it alone.
  const { client_id: _, ...unnamed } = assertion(appId, await sign({ aud: 'https://login.microsoftonline.com/contoso.example/v2.0' }));
  for (let i = 0; i < 2; i++) assert.equal((await post(v2, unnamed)).status, 200);

  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const forged = await new SignJWT({ iss: appId, sub: appId, aud: `https://127.0.0.1:8443${v2}`, exp: Math.floor(clock.now() / 1000) + 600 })
    .setProtectedHeader({ alg: 'RS256', x5t: Buffer.from(thumbprint, 'hex').toString('base64url') })
    .sign(stranger);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss: appId, sub: appId })).toString('base64url')}.`;
  const now = Math.floor(clock.now() / 1000);
  const cases: [string, number][] = [
    [forged, 700027],
    [unsigned, 700027],
    [await sign({}, { alg: 'RS256', x5t: 'AAAA' }), 700027],
    [await sign({}, { alg: 'RS512', kid: thumbprint }), 700027],
    [await sign({ exp: now - 301 }), 700024],
    [await sign({ nbf: now + 301 }), 700024],
    [await sign({ aud: 'https://elsewhere.example/token' }), 700023],
    [await sign({ aud: `https://127.0.0.1:8443/${otherTenantId}/oauth2/v2.0/token` }), 700023],
    [await sign({ sub: 'someone' }), 700021],
    [await sign({ iss: 'https://issuer.example' }), 700211],
    ['x.y.z', 50027],
  ];
  for (const [given, code] of cases) assert.equal(json(await post(v2, assertion(appId, given))).error_codes?.[0], code, given.slice(0, 80));
  assert.equal(refused(await post(v2, assertion(appId, forged, { client_assertion_type: 'x' })))[2], 900144);
  assert.equal(refused(await post(`/${otherTenantId}/oauth2/v2.0/token`, assertion(appId, await sign({}))))[2], 700016, 'of another tenant');
  clock.advance(1e9);
  assert.equal(refused(await post(v2, assertion(appId, await sign({ exp: now + 1e6 + 600 }))))[2], 700027, 'a certificate ends');
});

test('an application proves itself by a token of the directory or of an issuer whose keys were given', async () => {
  const { appId, objectId } = await directory.createServicePrincipal({ tenantId, displayName: 'app' });
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] };
  const credential = (id: string, issuer: string, subject: string, keys?: object) =>
    directory.putFederatedCredential({ id, appId, name: id, issuer, subject, audiences: [EXCHANGE_AUDIENCE], description: undefined, jwks: keys });
  await credential('own', `https://login.microsoftonline.com/${tenantId}/v2.0`, 'identity-1');
  await credential('given', 'https://issuer.example', 'repo:a/b', jwks);
  await credential('unknown', 'https://keyless.example', 'x');
  const principal = { objectId: 'identity-1', appId: 'client-1', kind: 'ManagedIdentity', resourceId: '/subscriptions/s' } as const;
  const own = (await tokens.issueAccess({ audience: EXCHANGE_AUDIENCE, principal })).token;
  const now = Math.floor(clock.now() / 1000);
  const foreign = (claims: JWTPayload) =>
    new SignJWT({ iss: 'https://issuer.example', sub: 'repo:a/b', aud: EXCHANGE_AUDIENCE, exp: now + 600, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .sign(privateKey);
  for (const given of [own, await foreign({})]) {
    const reply = await post(v2, assertion(appId, given));
    assert.equal(reply.status, 200, text(reply));
    assert.equal((await tokens.verifyAccess(json(reply).access_token, MANAGEMENT_AUDIENCES)).objectId, objectId);
  }
  const user = { objectId: 'identity-1', kind: 'User', upn: 'x@y' } as const;
  const cases: [string, number][] = [
    [(await tokens.issueAccess({ audience: ARM, principal })).token, 700211],
    [await foreign({ aud: 'https://elsewhere.example' }), 700212],
    [(await tokens.issueAccess({ audience: EXCHANGE_AUDIENCE, principal: { ...principal, objectId: 'identity-2' } })).token, 700213],
    [(await tokens.issueAccess({ audience: EXCHANGE_AUDIENCE, principal: user })).token, 50013],
    [`${own.slice(0, -8)}AAAAAAAA`, 50013],
    [await foreign({ iss: 'https://keyless.example', sub: 'x' }), 50013],
    [await foreign({ iss: 'https://other.example' }), 700211],
    [await foreign({ exp: now - 301 }), 700024],
    [`${(await foreign({})).slice(0, -8)}AAAAAAAA`, 50013],
    [
      await new SignJWT({ iss: 'https://issuer.example', sub: 'repo:a/b', aud: EXCHANGE_AUDIENCE, exp: now + 600 })
        .setProtectedHeader({ alg: 'HS256', kid: 'k' })
        .sign(randomBytes(32)),
      50013,
    ],
  ];
  for (const [given, code] of cases) assert.equal(json(await post(v2, assertion(appId, given))).error_codes?.[0], code, given.slice(-20));
});

test('an application of another tenant is not found, and a secret is not tried against its tenant', async () => {
  const { appId, secret } = await directory.createServicePrincipal({ tenantId: otherTenantId, displayName: 'app' });
  const form = { grant_type: 'client_credentials', client_id: appId, client_secret: secret, scope: `${ARM}/.default` };
  assert.equal(refused(await post(v2, form))[2], 700016);
  const { access_token } = json(await post('/adfs/oauth2/token', form));
  assert.equal((await tokens.verifyAccess(access_token, MANAGEMENT_AUDIENCES)).tenantId, otherTenantId);
  assert.equal(decodeJwt(access_token).iss, `https://sts.windows.net/${otherTenantId}/`);
});

test('an assertion whose claims are not of their types is malformed, whoever it names', async () => {
  const { appId } = await directory.createServicePrincipal({ tenantId, displayName: 'app' });
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const odd: unknown[] = [5, true, {}, [appId]];
  const claims = [...odd.flatMap((value) => [{ iss: value, sub: appId }, { iss: appId, sub: value }, { sub: value }]), { iss: appId, sub: appId, aud: [1] }];
  for (const each of [...claims, { iss: appId, sub: appId, exp: -1e20 }])
    for (const client_id of [appId, '']) {
      const form = assertion(appId, `${encoded({ alg: 'RS256' })}.${encoded(each)}.AAAA`, { client_id });
      assert.deepEqual(refused(await post(v2, form)), [400, 'invalid_request', 50027], JSON.stringify(each));
    }
});
