import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeOf } from './route.svelte.ts';

test('addresses and pages', () => {
  for (const [path, want] of [
    ['/', { page: 'inbox' }],
    ['', { page: 'inbox' }],
    ['/incidents', { page: 'inbox' }],
    ['/incidents/01KAMVXD6W4XJ9Q0ZJ6C6M4T2B', { page: 'incident', id: '01KAMVXD6W4XJ9Q0ZJ6C6M4T2B' }],
    ['/incidents/01KAMVXD6W4XJ9Q0ZJ6C6M4T2B/', { page: 'incident', id: '01KAMVXD6W4XJ9Q0ZJ6C6M4T2B' }],
    ['/incidents/a/b', { page: 'nowhere' }],
    ['/devices', { page: 'devices' }],
    ['/devices/x', { page: 'nowhere' }],
    ['/gateways/', { page: 'gateways' }],
    ['/notices', { page: 'notices' }],
    ['/people', { page: 'people' }],
    ['/account', { page: 'account' }],
    ['/account/x', { page: 'nowhere' }],
    ['/reports', { page: 'nowhere' }],
  ] as const)
    assert.deepEqual(routeOf(path), want, path);
});
