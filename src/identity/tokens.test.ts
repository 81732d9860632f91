import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose';
import { FakeClock } from '#base/clock.ts';
import { Fault } from '#base/fault.ts';
import { ROTATION_MS, SigningKeys, VERIFICATION_MS } from './keys.ts';
import { MANAGEMENT_AUDIENCES, REGISTRY_AUDIENCE, Tokens } from './tokens.ts';

const tenantId = '11111111-1111-1111-1111-111111111111';
const principal = { objectId: '22222222-2222-2222-2222-222222222222', appId: '33333333-3333-3333-3333-333333333333', kind: 'ServicePrincipal' as const };
const identity = { ...principal, tenantId };
const service = 'myregistry.azurecr.io';
const [audience = ''] = MANAGEMENT_AUDIENCES;

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-keys-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function world(name: string): Promise<{ clock: FakeClock; keys: SigningKeys; tokens: Tokens; path: string }> {
  const clock = new FakeClock();
  const path = join(folder, name);
  const keys = await SigningKeys.open(path, clock);
  return { clock, keys, tokens: new Tokens({ keys, clock, tenantId }), path };
}
const refused = (code: string, words: RegExp) => (thrown: unknown) =>
  thrown instanceof Fault && thrown.kind === 'unauthenticated' && thrown.code === code && words.test(thrown.message);

test('a directory token carries the claims of a v1.0 token and proves its principal', async () => {
  const { tokens, clock } = await world('a');
  const { token, expiresInSeconds } = await tokens.issueAccess({ audience, principal });
  assert.equal(expiresInSeconds, 3600);
  const claims = decodeJwt(token);
  const now = clock.now() / 1000;
  assert.equal(claims.iss, `https://sts.windows.net/${tenantId}/`);
  assert.equal(claims.aud, audience);
  assert.equal(claims.iat, now);
  assert.equal(claims.exp, now + 3600);
  assert.deepEqual(
    [claims.appid, claims.oid, claims.sub, claims.tid, claims.idtyp, claims.ver],
    [principal.appId, principal.objectId, principal.objectId, tenantId, 'app', '1.0'],
  );
  assert.deepEqual(await tokens.verifyAccess(token, MANAGEMENT_AUDIENCES), identity);
  const resourceId = '/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id';
  const managed = await tokens.issueAccess({ audience, principal: { ...principal, kind: 'ManagedIdentity', resourceId } });
  assert.equal(decodeJwt(managed.token).xms_mirid, resourceId);
  assert.deepEqual(await tokens.verifyAccess(managed.token, [audience]), { ...identity, kind: 'ManagedIdentity', resourceId });
});

test('an audience is not another, also when the token was verified before', async () => {
  const { tokens } = await world('a');
  const { token } = await tokens.issueAccess({ audience: REGISTRY_AUDIENCE, principal });
  await tokens.verifyAccess(token, [REGISTRY_AUDIENCE]);
  await assert.rejects(tokens.verifyAccess(token, MANAGEMENT_AUDIENCES), refused('InvalidAuthenticationToken', /audience/));
  const access = await tokens.issueRegistryAccess({ service, identity, access: [] });
  await tokens.verifyRegistryAccess(access.token, service);
  await assert.rejects(tokens.verifyRegistryAccess(access.token, 'other.azurecr.io'), refused('UNAUTHORIZED', /audience/));
});

test('a token ends at its time, also when it was verified before', async () => {
  const { tokens, clock } = await world('a');
  const { token } = await tokens.issueAccess({ audience, principal });
  clock.advance(3599_000);
  await tokens.verifyAccess(token, [audience]);
  clock.advance(1000);
  await assert.rejects(tokens.verifyAccess(token, [audience]), refused('InvalidAuthenticationToken', /expired at .*Get a new one/));
});

test('a token that is not valid yet is refused', async () => {
  const { keys, clock, tokens } = await world('a');
  const key = await keys.signing('directory');
  const now = clock.now() / 1000;
  const token = await new SignJWT({ iss: tokens.issuerOf(), aud: audience, sub: 'x', iat: now, nbf: now + 60, exp: now + 600 })
    .setProtectedHeader({ alg: 'RS256', kid: key.id })
    .sign(key.privateKey);
  await assert.rejects(tokens.verifyAccess(token, [audience]), refused('InvalidAuthenticationToken', /nbf/));
});

test('alg none, a public key taken as a shared secret, a foreign key under our kid, and no kid at all', async () => {
  const { keys, tokens, clock } = await world('a');
  const other = await world('other');
  const { token } = await tokens.issueAccess({ audience, principal });
  const claims = decodeJwt(token);
  const { kid = '' } = decodeProtectedHeader(token);
  const unsecured = new UnsecuredJWT(claims).encode();
  const noneWithKid = `${Buffer.from(JSON.stringify({ alg: 'none', kid })).toString('base64url')}.${unsecured.split('.')[1]}.`;
  const spki = keys.verification('directory', kid)?.export({ format: 'pem', type: 'spki' }) as string;
  const confused = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).sign(Buffer.from(spki));
  const foreignKey = await other.keys.signing('directory');
  const foreign = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid }).sign(foreignKey.privateKey);
  const pss = await new SignJWT(claims).setProtectedHeader({ alg: 'PS256', kid }).sign((await keys.signing('directory')).privateKey);
  const nameless = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign((await keys.signing('directory')).privateKey);
  const embedded = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', jwk: foreignKey.publicKey.export({ format: 'jwk' }) as never })
    .sign(foreignKey.privateKey);
  const cut = token.slice(0, -4);
  for (const forged of [unsecured, noneWithKid, confused, foreign, pss, nameless, embedded, cut, '', 'x', 'a.b.c', `${token}x`])
    await assert.rejects(tokens.verifyAccess(forged, [audience]), refused('InvalidAuthenticationToken', /malformed or not signed/), forged.slice(0, 60));
  assert.ok(clock.now() > 0);
});

test('the kid of one key set opens nothing in the other', async () => {
  const { keys, tokens, clock } = await world('a');
  const directory = await keys.signing('directory');
  const now = clock.now() / 1000;
  const claims = { iss: 'Azure Container Registry', aud: service, sub: 'x', iat: now, nbf: now, exp: now + 600, grant_type: 'access_token', access: [] };
  const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: directory.id }).sign(directory.privateKey);
  await assert.rejects(tokens.verifyRegistryAccess(forged, service), refused('UNAUTHORIZED', /not signed/));
  const { token } = await tokens.issueAccess({ audience: service, principal });
  await assert.rejects(tokens.verifyRegistryAccess(token, service), refused('UNAUTHORIZED', /not signed/));
});

test('refresh and access tokens of a registry are not exchanged for each other', async () => {
  const { tokens } = await world('a');
  const refresh = await tokens.issueRefresh({ service, identity });
  const access = [{ type: 'repository', name: 'app', actions: ['pull'] }];
  const { token, expiresInSeconds } = await tokens.issueRegistryAccess({ service, identity, access });
  assert.equal(expiresInSeconds, 4500);
  assert.deepEqual(await tokens.verifyRefresh(refresh, service), identity);
  assert.deepEqual(await tokens.verifyRegistryAccess(token, service), { identity, access });
  await assert.rejects(tokens.verifyRegistryAccess(refresh, service), refused('UNAUTHORIZED', /./));
  await assert.rejects(tokens.verifyRefresh(token, service), refused('UNAUTHORIZED', /./));
  const claims = decodeJwt(refresh);
  assert.deepEqual(
    [claims.iss, claims.aud, claims.version, claims.tenant, claims.sub],
    ['Azure Container Registry', service, '1.0', tenantId, principal.appId],
  );
});

test('keys are kept over starts, for their owner only, and rotate while old tokens stay valid', async () => {
  const { clock, keys, tokens, path } = await world('rotation');
  const first = await keys.signing('directory');
  const reopened = await SigningKeys.open(path, clock);
  assert.equal((await reopened.signing('directory')).id, first.id);
  assert.notEqual((await reopened.signing('registry')).id, first.id);
  for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600, name);
  assert.equal(statSync(path).mode & 0o777, 0o700);

  clock.advance(ROTATION_MS - 1000);
  const { token } = await tokens.issueAccess({ audience, principal });
  clock.advance(1000);
  const [second, again] = await Promise.all([keys.signing('directory'), keys.signing('directory')]);
  assert.notEqual(second.id, first.id);
  assert.equal(again.id, second.id, 'one rotation, whoever asks');
  await tokens.verifyAccess(token, [audience]);
  assert.deepEqual(
    keys.jwks('directory').keys.map((key) => key.kid),
    [second.id, first.id],
  );
  clock.advance(VERIFICATION_MS + 1000);
  assert.equal(keys.verification('directory', first.id), undefined);
  assert.equal(keys.jwks('directory').keys.length, 1);
  clock.advance(ROTATION_MS);
  await keys.signing('directory');
  assert.ok(!readdirSync(path).includes(`directory-${first.id}.json`));
});

test('public keys show no private part', async () => {
  const { keys } = await world('a');
  const shown = keys.jwks('directory').keys[0];
  assert.deepEqual(Object.keys(shown ?? {}).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use', 'x5t']);
});

test('a damaged key file is named', async () => {
  const { path, clock } = await world('damaged');
  const name = join(path, readdirSync(path).find((entry) => entry.startsWith('registry-')) as string);
  writeFileSync(name, '{');
  await assert.rejects(SigningKeys.open(path, clock), (thrown: unknown) => thrown instanceof Fault && thrown.message.includes(name));
});

test('a named secret is made once', async () => {
  const { keys, clock, path } = await world('secrets');
  const secret = keys.secret('data-endpoint');
  assert.equal(secret.length, 32);
  assert.deepEqual(keys.secret('data-endpoint'), secret);
  assert.deepEqual((await SigningKeys.open(path, clock)).secret('data-endpoint'), secret);
  assert.notDeepEqual(keys.secret('other'), secret);
});
