// A list of the center that is cut into pages, and a single thing of it. Both can be read again in place: what is shown
// stays until the new is there, and of two answers the later question's counts.
import type { ApiError } from '../api/client.ts';
import { asApiError } from './session.svelte.ts';

export type Page<T> = { items: T[]; next_cursor: string | null };
export type PageQuery = { limit: number; cursor?: string };

const pageSize = 50;
const pageSizeMax = 200;

export class Pages<T extends { id: string }> {
  items = $state.raw<T[]>([]);
  next = $state<string | null>(null);
  /** The first answer has come. */
  ready = $state(false);
  busy = $state(false);
  error = $state<ApiError | undefined>(undefined);
  #read: (query: PageQuery) => Promise<Page<T>>;
  #question = 0;

  constructor(read: (query: PageQuery) => Promise<Page<T>>) {
    this.#read = read;
  }

  /** Other filters: begins anew. */
  restart(): void {
    this.items = [];
    this.next = null;
    this.ready = false;
    void this.refresh();
  }

  /** Reads again what is shown (as far as one question reaches). */
  async refresh(): Promise<void> {
    const limit = Math.min(Math.max(this.items.length, pageSize), pageSizeMax);
    await this.#ask({ limit }, () => []);
  }

  async more(): Promise<void> {
    if (this.next === null || this.busy) return;
    await this.#ask({ limit: pageSize, cursor: this.next }, () => this.items);
  }

  replace(item: T): void {
    this.items = this.items.map((one) => (one.id === item.id ? item : one));
  }

  async #ask(query: PageQuery, before: () => T[]): Promise<void> {
    const question = ++this.#question;
    this.busy = true;
    try {
      const page = await this.#read(query);
      if (question !== this.#question) return;
      this.items = merge(before(), page.items);
      this.next = page.next_cursor;
      this.ready = true;
      this.error = undefined;
    } catch (error) {
      const seen = asApiError(error);
      if (question === this.#question) this.error = seen;
    } finally {
      if (question === this.#question) this.busy = false;
    }
  }
}

/** What moved to another page between two questions is not shown twice. */
export function merge<T extends { id: string }>(before: T[], after: T[]): T[] {
  const known = new Set(before.map((one) => one.id));
  return [...before, ...after.filter((one) => !known.has(one.id))];
}

export class One<T> {
  value = $state.raw<T | undefined>(undefined);
  error = $state<ApiError | undefined>(undefined);
  #read: () => Promise<T>;
  #question = 0;

  constructor(read: () => Promise<T>) {
    this.#read = read;
  }

  async refresh(): Promise<void> {
    const question = ++this.#question;
    try {
      const value = await this.#read();
      if (question !== this.#question) return;
      this.value = value;
      this.error = undefined;
    } catch (error) {
      const seen = asApiError(error);
      if (question === this.#question) this.error = seen;
    }
  }

  set(value: T): void {
    this.#question++; // an answer on its way is older
    this.value = value;
  }
}
