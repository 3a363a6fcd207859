import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberText, timeText, timeTextExact } from './format.ts';

const now = new Date('2026-11-22T09:00:00Z');

// The tests run in New York's zone (tools/run_tests.mjs): what is shown is Japan's all the same.
test('time in Tokyo with the weekday', () => {
  for (const row of [
    { time: '2026-11-22T08:30:00.123456Z', ja: '11月22日(日) 17:30', en: 'Sun, Nov 22, 17:30' },
    { time: '2026-11-22T15:00:00.000000Z', ja: '11月23日(月) 00:00', en: 'Mon, Nov 23, 00:00' },
    { time: '2025-12-31T14:59:59.999999Z', ja: '2025年12月31日(水) 23:59', en: 'Wed, Dec 31, 2025, 23:59' },
    { time: '2025-12-31T15:00:00.000000Z', ja: '1月1日(木) 00:00', en: 'Thu, Jan 1, 00:00' },
    { time: 'no time', ja: '', en: '' },
  ]) {
    assert.equal(timeText(row.time, 'ja', now), row.ja);
    assert.equal(timeText(row.time, 'en', now), row.en);
  }
});

test('exact time has seconds', () => {
  assert.equal(timeTextExact('2026-11-22T08:30:05.123456Z', 'ja', now), '11月22日(日) 17:30:05');
  assert.equal(timeTextExact('2026-11-22T08:30:05.123456Z', 'en', now), 'Sun, Nov 22, 17:30:05');
  assert.equal(timeTextExact('?', 'en', now), '');
});

test('numbers are grouped', () => {
  assert.equal(numberText(1234567, 'ja'), '1,234,567');
  assert.equal(numberText(0, 'en'), '0');
});
