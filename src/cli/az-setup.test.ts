import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isoTime, systemClock } from '#base/clock.ts';
import { dockerScript } from './commands/az-setup.ts';

const POSTERN = join(import.meta.dirname, '../../bin/postern');

/** A data folder as a running server leaves it; this process stands for the server. */
function dataFolder(t: TestContext): string {
  const data = mkdtempSync(join(tmpdir(), 'postern az-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  mkdirSync(join(data, 'run'));
  writeFileSync(join(data, 'ca.pem'), 'our authority\n');
  const instance = {
    pid: process.pid,
    rootless: false,
    fabric: 'none',
    url: 'https://127.0.0.1:18443',
    listen: '127.0.0.1:18443',
    public: '127.0.0.1:15443',
    domain: 'azurecr.io',
    hostDomain: 'localhost',
    startedAt: isoTime(systemClock),
    version: '1.0.0',
  };
  writeFileSync(join(data, 'run', 'instance.json'), JSON.stringify(instance));
  return data;
}
const setup = (data: string, ...words: string[]) => spawnSync(POSTERN, ['az-setup', '--data', data, ...words], { encoding: 'utf8' });
const shell = (script: string, env: NodeJS.ProcessEnv) => spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: process.env.PATH, ...env } });

test('az gets a folder of its own and an environment whose only way out is ours', (t) => {
  const data = dataFolder(t);
  const { stdout, status } = setup(data, '--print-env');
  assert.equal(status, 0);
  const { stdout: seen } = shell('eval "$SETUP"; printf "%s\\n" "$AZURE_CONFIG_DIR" "$HTTPS_PROXY" "$https_proxy" "$NO_PROXY" "$no_proxy" "$DOCKER_COMMAND"', {
    SETUP: stdout,
    NO_PROXY: '*',
    no_proxy: 'azurecr.io',
  });
  const [folder, ...others] = seen.trim().split('\n');
  assert.equal(folder, join(data, 'az'));
  const direct = '127.0.0.1,localhost,::1';
  assert.deepEqual(others, ['https://127.0.0.1:18443', 'https://127.0.0.1:18443', direct, direct, join(data, 'az', 'docker')]);
  const clouds = readFileSync(join(data, 'az', 'clouds.config'), 'utf8');
  for (const line of [
    '[Postern]',
    'endpoint_resource_manager = https://127.0.0.1:18443',
    'endpoint_active_directory = https://127.0.0.1:18443/adfs',
    'endpoint_microsoft_graph_resource_id = https://127.0.0.1:18443/',
    'suffix_acr_login_server_endpoint = .azurecr.io',
  ])
    assert.ok(clouds.includes(`${line}\n`), line);
  assert.match(readFileSync(join(data, 'az', 'config'), 'utf8'), /^\[cloud\]\nname = Postern\n/);
  assert.equal(statSync(join(data, 'az')).mode & 0o777, 0o700);
  assert.ok(readFileSync(join(data, 'run', 'ca-bundle.pem'), 'utf8').endsWith('our authority\n'));
});

test('again it leaves what az has written, and somebody else’s folder alone', (t) => {
  const data = dataFolder(t);
  setup(data);
  const [clouds, config] = [join(data, 'az', 'clouds.config'), join(data, 'az', 'config')];
  writeFileSync(clouds, `${readFileSync(clouds, 'utf8')}subscription = 63c18221-bc1e-45ab-94ae-fc0db70e7c37\n\n`);
  writeFileSync(config, '[cloud]\nname = Postern\n[defaults]\ngroup = rg\n');
  assert.equal(setup(data).status, 0);
  assert.match(readFileSync(clouds, 'utf8'), /\nsubscription = 63c18221-bc1e-45ab-94ae-fc0db70e7c37\n$/);
  assert.match(readFileSync(config, 'utf8'), /group = rg/);

  const other = join(data, 'ordinary');
  mkdirSync(other);
  writeFileSync(join(other, 'config'), '[cloud]\nname = AzureCloud\n');
  const refused = setup(data, '--dir', other);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /for something else/);
  assert.equal(readFileSync(join(other, 'config'), 'utf8'), '[cloud]\nname = AzureCloud\n');
});

test('when nothing runs, eval of it leaves a shell that reaches nothing, and fails', (t) => {
  const data = mkdtempSync(join(tmpdir(), 'postern-none-'));
  t.after(() => rmSync(data, { recursive: true }));
  const { stdout, status } = setup(data, '--print-env');
  assert.notEqual(status, 0);
  const ran = shell('eval "$SETUP" || echo failed; echo "$HTTPS_PROXY $AZURE_CONFIG_DIR [$NO_PROXY]"', { SETUP: stdout, NO_PROXY: '*' });
  assert.equal(ran.stdout, 'failed\nhttps://127.0.0.1:1 /dev/null []\n');
});

test('no secret is printed, and nothing but exports is run by eval', (t) => {
  const data = dataFolder(t);
  writeFileSync(join(data, 'operator.json'), '{\n  "secret": "s3cret"\n}\n');
  const { stdout } = setup(data);
  assert.ok(!stdout.includes('s3cret'));
  for (const line of stdout.trim().split('\n')) assert.match(line, /^(?:export [A-Za-z_]+=|#)/);
});

test('docker is given the name that a registry has on the host', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-docker-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [docker, real] = [join(folder, 'docker'), join(folder, 'real')];
  writeFileSync(docker, dockerScript({ domain: 'azurecr.io', hostDomain: 'localhost', public: '0.0.0.0:15443' }));
  writeFileSync(real, '#!/bin/sh\nfor word; do echo "$word"; done\n');
  for (const file of [docker, real]) chmodSync(file, 0o700);
  const words = ['login', '--username', 'a b', '--password-stdin', 'myregistry.azurecr.io', '$(x).azurecr.io', 'azurecr.io', 'x.azurecr.io.example'];
  const { stdout } = spawnSync(docker, words, { encoding: 'utf8', env: { PATH: process.env.PATH, POSTERN_DOCKER: real } });
  assert.deepEqual(stdout.trim().split('\n'), [
    'login',
    '--username',
    'a b',
    '--password-stdin',
    'myregistry.localhost:15443',
    '$(x).azurecr.io',
    'azurecr.io',
    'x.azurecr.io.example',
  ]);
});
