/** The configuration: defaults, flags, and every bad flag named at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#base/fault.ts';
import { configFrom, dataFolder } from './config.ts';

test('without flags everything listens on loopback only', () => {
  const config = configFrom({}, { HOME: '/home/x', POSTERN_DATA: '/data' });
  assert.deepEqual(
    [config.listen, config.public],
    [
      { host: '127.0.0.1', port: 8443 },
      { host: '127.0.0.1', port: 5443 },
    ],
  );
  assert.deepEqual([config.data, config.domain, config.hostDomain, config.fabric, config.azureLimits], ['/data', 'azurecr.io', 'localhost', 'world', false]);
});

test('the data folder is POSTERN_DATA, else below XDG_DATA_HOME', () => {
  assert.equal(dataFolder({ XDG_DATA_HOME: '/x' }), '/x/postern');
  assert.equal(dataFolder({ XDG_DATA_HOME: '/x', POSTERN_DATA: '/y' }), '/y');
});

test('an IPv6 host is written in brackets', () => {
  assert.deepEqual(configFrom({ listen: '[::1]:9' }).listen, { host: '::1', port: 9 });
});

test('all bad flags are told at once', () => {
  assert.throws(
    () => configFrom({ listen: '8443', public: 'x:99999', domain: 'a b', fabric: 'docker', certificate: 'c.pem' }),
    (error) => error instanceof Fault && error.details.map((fault) => fault.target).join() === 'fabric,certificate,listen,public,domain',
  );
});
