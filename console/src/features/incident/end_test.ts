import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endText } from './end.ts';

test('ends of connections', () => {
  assert.equal(endText('192.0.2.1', 443), '192.0.2.1:443');
  assert.equal(endText('2001:db8::1', 443), '[2001:db8::1]:443');
  assert.equal(endText('192.0.2.1', null), '192.0.2.1');
  assert.equal(endText(null, 443), '');
});
