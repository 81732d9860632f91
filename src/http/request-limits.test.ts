import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '#base/clock.ts';
import { RequestLimits } from './request-limits.ts';

const MINUTE = { capacity: 3, refill: 3, everyMs: 60_000 };
const STEADY = { capacity: 3, refill: 1, everyMs: 1000 };

test('a limit a minute counts down to the end of the minute', () => {
  const clock = new FakeClock();
  const limits = new RequestLimits(clock);
  const take = () => limits.take([{ key: 'a', limit: MINUTE }]);
  assert.deepEqual(
    [take(), take(), take()],
    [2, 1, 0].map((left) => ({ granted: true, remaining: [left] })),
  );
  const retryAfter = () => {
    const grant = take();
    return grant.granted ? 0 : grant.retryAfterSeconds;
  };
  assert.equal(retryAfter(), 60);
  clock.advance(10_000);
  assert.equal(retryAfter(), 50);
  clock.advance(49_999);
  assert.equal(retryAfter(), 1);
  clock.advance(1);
  assert.deepEqual(take(), { granted: true, remaining: [2] });
});

test('a steady limit gives back little by little, up to its capacity', () => {
  const clock = new FakeClock();
  const limits = new RequestLimits(clock);
  const take = () => limits.take([{ key: 'a', limit: STEADY }]);
  for (let n = 0; n < 3; n++) take();
  clock.advance(1000);
  assert.deepEqual(take(), { granted: true, remaining: [0] });
  assert.equal(take().granted, false);
  clock.advance(3_600_000);
  assert.deepEqual(take(), { granted: true, remaining: [2] });
});

test('of several buckets all give or none', () => {
  const limits = new RequestLimits(new FakeClock());
  const one = { key: 'one', limit: { ...MINUTE, capacity: 1 } };
  const two = { key: 'two', limit: MINUTE };
  assert.deepEqual(limits.take([two, one]), { granted: true, remaining: [2, 0] });
  assert.deepEqual(limits.take([two, one]), { granted: false, empty: one, retryAfterSeconds: 60 });
  assert.deepEqual(limits.take([two]), { granted: true, remaining: [1] });
});

test('whatever comes when, nobody gets more than capacity and refills', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 2500 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      (waits, capacity, refill) => {
        const clock = new FakeClock();
        const limits = new RequestLimits(clock);
        let granted = 0;
        let waited = 0;
        for (const wait of waits) {
          clock.advance(wait);
          waited += wait;
          if (limits.take([{ key: 'a', limit: { capacity, refill, everyMs: 1000 } }]).granted) granted++;
        }
        assert.ok(granted <= capacity + Math.floor(waited / 1000) * refill);
      },
    ),
  );
});

test('the many that came once are forgotten', () => {
  const clock = new FakeClock();
  const limits = new RequestLimits(clock);
  for (let n = 0; n < 30_000; n++) {
    clock.advance(1);
    assert.ok(limits.take([{ key: `k${n}`, limit: MINUTE }]).granted);
  }
});
