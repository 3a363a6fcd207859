import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../api/client.ts';
import { merge, One, Pages, type Page, type PageQuery } from './pages.svelte.ts';

type Thing = { id: string };
const things = (from: number, to: number): Thing[] => Array.from({ length: to - from }, (_, at) => ({ id: String(from + at) }));
const ids = (list: readonly Thing[]): string => list.map((one) => one.id).join(' ');

/** An answer that the test lets go when it wants. */
class Waiting<T> {
  questions: { query: PageQuery; answer: (value: T) => void; fail: (error: Error) => void }[] = [];
  read = (query: PageQuery): Promise<T> => new Promise((answer, fail) => this.questions.push({ query, answer, fail }));
}

test('pages follow the cursor and do not show a thing twice', async () => {
  const pages = new Pages<Thing>(({ cursor }) =>
    Promise.resolve(cursor === undefined ? { items: things(0, 3), next_cursor: 'c' } : { items: things(2, 5), next_cursor: null }),
  );
  await pages.refresh();
  await pages.more();
  assert.equal(ids(pages.items), '0 1 2 3 4');
  await pages.more(); // at the end: asks nothing
  assert.equal(ids(pages.items), '0 1 2 3 4');
});

test('of two answers the later question counts', async () => {
  const center = new Waiting<Page<Thing>>();
  const pages = new Pages<Thing>(center.read);
  const first = pages.refresh();
  const second = pages.refresh();
  center.questions[1]?.answer({ items: things(5, 6), next_cursor: null });
  await second;
  center.questions[0]?.answer({ items: things(0, 1), next_cursor: null });
  await first;
  assert.equal(ids(pages.items), '5');
  assert.equal(pages.busy, false);
});

test('an error keeps what is shown', async () => {
  const center = new Waiting<Page<Thing>>();
  const pages = new Pages<Thing>(center.read);
  const good = pages.refresh();
  center.questions[0]?.answer({ items: things(0, 2), next_cursor: null });
  await good;
  const bad = pages.refresh();
  center.questions[1]?.fail(new ApiError('network', 0));
  await bad;
  assert.equal(ids(pages.items), '0 1');
  assert.equal(pages.error?.code, 'network');
});

test('reading again asks for as much as is shown, within the contract', async () => {
  const limits: number[] = [];
  const pages = new Pages<Thing>(({ limit }) => {
    limits.push(limit);
    return Promise.resolve({ items: things(0, 450), next_cursor: null });
  });
  await pages.refresh();
  await pages.refresh();
  assert.deepEqual(limits, [50, 200]);
});

test('what was set is not undone by an older answer', async () => {
  let answer: (value: string) => void = () => undefined;
  const one = new One<string>(() => new Promise((done) => (answer = done)));
  const asked = one.refresh();
  one.set('new');
  answer('old');
  await asked;
  assert.equal(one.value, 'new');
});

test('merge', () => {
  assert.equal(ids(merge(things(0, 2), things(1, 3))), '0 1 2');
  assert.equal(ids(merge([], [])), '');
});
