import assert from 'node:assert/strict';
import { test } from 'node:test';
import { precondition, rangeHolds } from './conditional.ts';

test('If-Match and If-None-Match against the current tag', () => {
  assert.equal(precondition('PUT', {}, 'a'), 'proceed');
  assert.equal(precondition('PUT', { 'if-match': '"a"' }, 'a'), 'proceed');
  assert.equal(precondition('PUT', { 'if-match': '"b", "c"' }, 'a'), 'failed');
  assert.equal(precondition('PUT', { 'if-match': '*' }, undefined), 'failed');
  assert.equal(precondition('PUT', { 'if-none-match': '*' }, 'a'), 'failed');
  assert.equal(precondition('PUT', { 'if-none-match': '*' }, undefined), 'proceed');
  assert.equal(precondition('GET', { 'if-none-match': 'W/"a"' }, 'a'), 'not-modified');
  assert.equal(precondition('HEAD', { 'if-none-match': '"b"' }, 'a'), 'proceed');
  assert.equal(precondition('GET', { 'if-match': '"b"', 'if-none-match': '"a"' }, 'a'), 'failed');
});

test('If-Range compares strongly', () => {
  assert.equal(rangeHolds(undefined, 'a'), true);
  assert.equal(rangeHolds('"a"', 'a'), true);
  assert.equal(rangeHolds('W/"a"', 'a'), false);
  assert.equal(rangeHolds('Wed, 21 Oct 2015 07:28:00 GMT', 'a'), false);
});
