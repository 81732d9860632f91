import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineEnvironment } from './machine-environment.ts';
import { commonFiles, machineFiles, mountScript } from './machine-files.ts';

const CA = '-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n';

test('a machine trusts what its host trusts and our authority, wherever the distribution keeps it', () => {
  const debian = commonFiles(CA, { 'ssl/certs/ca-certificates.crt': 'theirs' });
  assert.equal(debian['ssl/certs/ca-certificates.crt'], `theirs\n${CA}`);
  assert.equal(debian['pki/tls/certs/ca-bundle.crt'], undefined);
  const fedora = commonFiles(CA, { 'pki/tls/certs/ca-bundle.crt': 'theirs' });
  assert.equal(fedora['pki/tls/certs/ca-bundle.crt'], `theirs\n${CA}`);
  assert.equal(fedora['ssl/certs/ca-certificates.crt'], `theirs\n${CA}`);
  assert.equal(commonFiles(CA, {})['ssl/certs/ca-certificates.crt'], CA);
});

test('names are looked up in files and by DNS, in that order, and by nothing else', () => {
  const host = 'passwd: files systemd\nhosts: files mdns4_minimal [NOTFOUND=return] resolve dns\n';
  assert.equal(commonFiles(CA, { 'nsswitch.conf': host })['nsswitch.conf'], 'passwd: files systemd\nhosts: files dns\n');
  assert.match(commonFiles(CA, {})['nsswitch.conf'] ?? '', /^passwd: files\n[\s\S]*\nhosts: files dns\n$/);
  assert.match(commonFiles(CA, {})['resolv.conf'] ?? '', /^nameserver 168\.63\.129\.16\n/);
});

test('a machine knows its own name', () => {
  assert.deepEqual(machineFiles('vm-app'), { hostname: 'vm-app\n', hosts: '127.0.0.1 localhost\n127.0.1.1 vm-app\n' });
});

test('what is kept below a place of its own is put back there, and what is hidden is covered last', () => {
  const script = mountScript({
    name: 'vm',
    folder: '/run/postern/m',
    common: '/run/postern/common',
    keep: ["/tmp/it's", '/opt/node'],
    hide: ["/tmp/it's/data"],
  });
  const lines = script.split('\n');
  const place = lines.findIndex((line) => line.includes(`mount -n --rbind '/tmp/it'\\''s' '/run/postern/m/new/it'\\''s'`));
  const cover = lines.findIndex((line) => line.includes(`ro,nosuid,nodev,mode=500 tmpfs '/tmp/it'\\''s/data'`));
  assert.ok(place > 0 && cover > place);
  assert.doesNotMatch(script, /\/opt\/node/);
});

test('where overlayfs cannot be had, /etc is a copy', () => {
  const plan = { name: 'vm', folder: '/run/postern/m', common: '/run/postern/common', keep: [], hide: [] };
  assert.match(mountScript(plan), /-t overlay[^\n]*\|\| \{[^\n]*cp -RP \/etc\/\./);
  assert.doesNotMatch(mountScript({ ...plan, overlay: false }), /-t overlay/);
});

test('of the caller only the terminal, the language and the path go along', () => {
  const caller = {
    TERM: 'xterm',
    LC_ALL: 'C',
    LANG: 'de_DE',
    PATH: '/opt/bin:/usr/bin',
    HTTPS_PROXY: 'http://proxy',
    DOCKER_CONFIG: '/x',
    XDG_RUNTIME_DIR: '/run/user/1',
    HOME: '/home/me',
  };
  const environment = machineEnvironment('vm-app', caller);
  assert.deepEqual(Object.keys(environment).sort(), [
    'HOME',
    'HOSTNAME',
    'LANG',
    'LC_ALL',
    'LOGNAME',
    'NODE_EXTRA_CA_CERTS',
    'PATH',
    'REQUESTS_CA_BUNDLE',
    'SSL_CERT_FILE',
    'TERM',
    'USER',
  ]);
  assert.equal(environment.HOME, '/root');
  assert.equal(environment.SSL_CERT_FILE, '/etc/ssl/certs/ca-certificates.crt');
  assert.equal(environment.PATH, '/opt/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin');
});
