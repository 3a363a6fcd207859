import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { addressOf, ApiError, call, csrfTokenSet } from './client.ts';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
  csrfTokenSet('');
});

type Sent = { address: string; init: RequestInit };

function answerWith(make: () => Response): Sent[] {
  const sent: Sent[] = [];
  globalThis.fetch = (address, init) => {
    sent.push({ address: String(address), init: init ?? {} });
    return Promise.resolve(make());
  };
  return sent;
}

const headOf = (sent: Sent[], name: string): string | undefined => (sent[0]?.init.headers as Record<string, string> | undefined)?.[name];

test('addresses', () => {
  assert.equal(addressOf('/api/incidents', {}), '/api/incidents');
  assert.equal(addressOf('/api/incidents/{id}', { path: { id: 'a/b?c' } }), '/api/incidents/a%2Fb%3Fc');
  assert.equal(addressOf('/x', { query: { limit: 50, state: 'new,acknowledged', firm: undefined } }), '/x?limit=50&state=new%2Cacknowledged');
});

test('the CSRF token goes with changes only', async () => {
  csrfTokenSet('secret');
  const read = answerWith(() => Response.json({ items: [], next_cursor: null }));
  await call('listIncidents', { query: {} });
  assert.equal(headOf(read, 'X-CSRF-Token'), undefined);
  const change = answerWith(() => new Response(null, { status: 204 }));
  assert.equal(await call('logout', {}), undefined);
  assert.equal(headOf(change, 'X-CSRF-Token'), 'secret');
});

test('errors', async () => {
  const problem = { type: 'about:blank', title: 'x', status: 422, code: 'invalid', field: 'name' };
  for (const row of [
    { answer: () => Response.json(problem, { status: 422 }), code: 'invalid', status: 422, field: 'name' },
    { answer: () => new Response('<html>bad gateway', { status: 502 }), code: 'unavailable', status: 502, field: undefined },
    { answer: () => new Response('no', { status: 404 }), code: 'unreadable', status: 404, field: undefined },
    { answer: () => new Response('<html>', { status: 200 }), code: 'unreadable', status: 200, field: undefined },
  ]) {
    answerWith(row.answer);
    await assert.rejects(call('getMe', {}), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.code, error.status, error.field], [row.code, row.status, row.field]);
      return true;
    });
  }
  globalThis.fetch = () => Promise.reject(new TypeError('no route'));
  await assert.rejects(call('getMe', {}), (error) => error instanceof ApiError && error.code === 'network');
});
