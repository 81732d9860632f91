/** What people read: status, why, env, and what is said when Postern is up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '#instance.ts';
import { envText, exportsOf } from './commands/env.ts';
import { statusText } from './commands/status.ts';
import { decisionText, refusalsText } from './commands/why.ts';
import { readyText } from './ready-text.ts';

const INSTANCE: Instance = {
  pid: 42,
  worldPid: 43,
  rootless: true,
  fabric: 'world',
  url: 'https://127.0.0.1:8443',
  listen: '127.0.0.1:8443',
  public: '127.0.0.1:5443',
  domain: 'azurecr.io',
  hostDomain: 'localhost',
  startedAt: '2026-01-01T00:00:00.000Z',
  version: '0.1.0',
};

test('status tells what does not act yet, and what is out of order', () => {
  const status = {
    health: 'Degraded',
    revision: 7,
    networks: 1,
    machines: 2,
    registries: 1,
    faults: [{ owner: '/vm', code: 'X', message: 'broken' }],
    notEnforced: [{ id: '/r', message: 'zoneRedundancy' }],
  };
  const text = statusText(INSTANCE, status, '/data');
  for (const part of [
    'Degraded',
    'https://<registry>.localhost:5443',
    'as an ordinary user',
    'revision 7: 1 registry, 1 network, 2 machines',
    '/vm: (X) broken',
    '/r: zoneRedundancy',
  ])
    assert.ok(text.includes(part), part);
});

test('why names the first check that failed', () => {
  const text = decisionText({
    id: 'r1',
    method: 'GET',
    host: 'myregistry.azurecr.io',
    path: '/v2/',
    status: 403,
    listener: 'network:/v:443',
    trace: [
      { check: 'listener', ok: true, detail: 'public side of vnet-outside' },
      { check: 'rule', ok: false, detail: 'public access is disabled' },
      { check: 'token', ok: false, detail: 'none' },
    ],
  });
  assert.match(text, /^Request {3}GET https:\/\/myregistry\.azurecr\.io\/v2\/\nAnswer {4}403\nListener {2}network/);
  assert.match(text, /✓ listener {2}public side/);
  assert.match(text, /First failure: rule: public access is disabled\n$/);
  assert.match(decisionText({ id: 'r', trace: [] }), /Nothing failed/);
  assert.match(decisionText({ id: 'm', method: 'GET', host: '169.254.169.254', path: '/metadata/instance', via: 'machine' }), /GET http:\/\/169\.254/);
});

test('why without an id lists refusals, a reset in words', () => {
  const failure = { check: 'state', ok: false, detail: 'the connection is Rejected' };
  const text = refusalsText([{ id: 'r1', time: 'T', method: 'RESET', host: '', path: '', status: 0, peer: '10.0.0.5', failure, trace: [failure] }]);
  assert.match(text, /connection reset {2}from 10\.0\.0\.5\n {2}✗ state: the connection is Rejected\n {4}postern why r1/);
  assert.match(refusalsText([]), /Nothing was refused/);
  assert.match(decisionText({ id: 'r1', method: 'RESET', status: 0, trace: [failure] }), /^Request {3}none: the connection was reset before TLS\n/);
});

test('env names hosts of the host domain only, quoted for a shell', () => {
  const values = exportsOf(INSTANCE, "/o'dd data", ['myregistry', 'other'], '/b');
  const text = envText(INSTANCE, "/o'dd data", ['myregistry', 'other'], values);
  assert.equal(values.REGISTRY_MYREGISTRY, 'myregistry.localhost:5443');
  assert.equal(values.REGISTRY, undefined);
  assert.equal(exportsOf(INSTANCE, '/d', ['one'], '/b').REGISTRY, 'one.localhost:5443');
  assert.ok(text.includes(`export POSTERN_DATA='/o'\\''dd data'\n`));
  assert.match(text, /ad sp create-for-rbac .* --role AcrPull/, "clients have no need of the operator's secret");
  assert.doesNotMatch(text, /azurecr\.io/, 'nothing on the host may lead to a name of Azure');
});

test('when it is up, where things are and how to stop is said', () => {
  const text = readyText(INSTANCE, ' --data /d', { detached: true });
  for (const part of ['https://127.0.0.1:8443', 'https://<registry>.localhost:5443', 'postern down --data /d', 'process 42'])
    assert.ok(text.includes(part), part);
});
