/** The arithmetic of the benchmark. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, interval, median } from './measure.ts';

test('ratios are taken within the rounds, and the order turns', async () => {
  const order: string[] = [];
  const contender = (name: string, rates: number[]) => ({
    name,
    measure: async () => {
      order.push(name);
      return rates.shift() as number;
    },
  });
  const [subject, peer] = await compare([contender('a', [9, 2, 4]), contender('b', [9, 1, 4])], 2);
  assert.deepEqual(peer?.ratios, [2, 1]);
  assert.deepEqual(subject?.ratios, [1, 1]);
  assert.deepEqual(order, ['a', 'b', 'b', 'a', 'a', 'b']);
});

test('a median and an interval of known numbers', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  const { mean, low, high } = interval([0.5, 2, 0.5, 2]);
  assert.ok(Math.abs(mean - 1) < 1e-9 && low < 0.5 && high > 2);
});
