/** IPv4 addresses and prefixes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, formatPrefix, type IpPrefix, ipNumber, parseIp, parsePrefix, prefixContains, prefixCovers, prefixesOverlap, prefixSize } from './ip.ts';

const anyPrefix = fc.tuple(fc.nat(0xffffffff), fc.nat(32)).map(([value, bits]): IpPrefix => ({ base: value - (value % 2 ** (32 - bits)), bits }));

test('addresses print and parse to themselves', () => {
  fc.assert(fc.property(fc.nat(0xffffffff), (value) => assert.equal(ipNumber(formatIp(value)), value)));
});

test('prefixes print and parse to themselves', () => {
  fc.assert(fc.property(anyPrefix, (prefix) => assert.deepEqual(parsePrefix(formatPrefix(prefix)), prefix)));
});

test('two prefixes overlap exactly when one covers the other', () => {
  fc.assert(fc.property(anyPrefix, anyPrefix, (a, b) => assert.equal(prefixesOverlap(a, b), prefixCovers(a, b) || prefixCovers(b, a))));
});

test('a prefix contains its first and last address and not their neighbours', () => {
  const prefix = parsePrefix('10.0.1.0/24') as IpPrefix;
  assert.equal(prefixSize(prefix), 256);
  assert.deepEqual(
    ['10.0.0.255', '10.0.1.0', '10.0.1.255', '10.0.2.0'].map((address) => prefixContains(prefix, address)),
    [false, true, true, false],
  );
});

test('only canonical text is an address or a prefix', () => {
  for (const text of ['', '1.2.3', '01.2.3.4', '1.2.3.256', '1.2.3.4 ', '::1', '1.2.3.4.5', '0x1.2.3.4']) assert.equal(parseIp(text), undefined, text);
  for (const text of ['10.0.0.1/16', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', '10.0.0.0/8/8', 'x/8']) assert.equal(parsePrefix(text), undefined, text);
});
