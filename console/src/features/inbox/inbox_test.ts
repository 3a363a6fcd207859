import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelPressed, stateQuery } from './filter.ts';
import { inspectionOf } from './inspection.ts';

const gateway = (
  state: 'online' | 'silent' | 'never',
  more: Partial<{ fail_open: boolean | null; revoked: string | null; counters: Record<string, number>; last_heartbeat: string | null }> = {},
) => ({ state, fail_open: false, revoked: null, counters: {}, last_heartbeat: null, ...more });

test('who inspects, and how much', () => {
  const none = inspectionOf([gateway('never')]);
  assert.deepEqual([none.connected, none.inspecting, none.heartbeat], [0, 0, null]);

  const some = inspectionOf([
    gateway('online', { counters: { frames: 100, alerts: 2 }, last_heartbeat: '2026-11-22T08:00:00.000000Z' }),
    gateway('online', { counters: { frames: 10 }, fail_open: true, last_heartbeat: '2026-11-22T09:00:00.000000Z' }),
    gateway('silent', { counters: { frames: 1 }, last_heartbeat: '2026-11-21T09:00:00.000000Z' }),
    gateway('online', { counters: { frames: 5000 }, revoked: '2026-11-01T00:00:00.000000Z' }),
  ]);
  assert.deepEqual(some, { connected: 3, inspecting: 1, frames: 111, alerts: 2, heartbeat: '2026-11-22T09:00:00.000000Z' });
});

test('filters', () => {
  assert.equal(stateQuery('open'), 'new,acknowledged');
  assert.equal(stateQuery('closed'), 'resolved,false_positive');
  assert.equal(stateQuery('all'), '');
  assert.equal(levelPressed('', 'red'), 'red');
  assert.equal(levelPressed('red', 'red'), '');
  assert.equal(levelPressed('red', 'blue'), 'blue');
});
