// The one way to the center: typed by the contract, CSRF header on everything that changes something, errors as ApiError.
import { operations, type Operations, type Problem } from './types.ts';

export type OperationName = keyof Operations;
export type Answer<K extends OperationName> = Operations[K]['answer'];
type Input<K extends OperationName> = {
  [P in 'path' | 'query' | 'body' as Operations[K][P] extends undefined ? never : P]: Operations[K][P];
};
type Parts = {
  path?: Record<string, string>;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
};

/** `network`: no answer came at all; `unreadable`: an answer that is not the contract's. */
export type ErrorCode = Problem['code'] | 'network' | 'unreadable';

export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly field: string | undefined;

  constructor(code: ErrorCode, status: number, field?: string) {
    super(code);
    this.code = code;
    this.status = status;
    this.field = field;
  }
}

let csrfToken = '';

/** From the answer to login or getMe; goes with every change from now on. */
export function csrfTokenSet(token: string): void {
  csrfToken = token;
}

/** Fills {id} and adds the query; members that are undefined stay away. */
export function addressOf(pattern: string, { path = {}, query = {} }: Parts): string {
  const filled = pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text ? `${filled}?${text}` : filled;
}

async function problemOf(response: Response): Promise<ApiError> {
  try {
    const problem = (await response.json()) as Partial<Problem>;
    if (problem.code) return new ApiError(problem.code, response.status, problem.field);
  } catch {
    // not the contract's answer: a proxy's page, a cut connection
  }
  return new ApiError(response.status >= 500 ? 'unavailable' : 'unreadable', response.status);
}

async function send(method: string, address: string, body: unknown): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json, application/problem+json' };
  if (method !== 'GET' && csrfToken) headers['X-CSRF-Token'] = csrfToken;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) init.body = JSON.stringify(body);
  try {
    return await fetch(address, init);
  } catch {
    throw new ApiError('network', 0);
  }
}

export async function call<K extends OperationName>(name: K, input: Input<K>): Promise<Answer<K>> {
  const { method, path } = operations[name];
  const parts: Parts = input;
  const response = await send(method, addressOf(path, parts), parts.body);
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as Answer<K>;
  try {
    return (await response.json()) as Answer<K>;
  } catch {
    throw new ApiError('unreadable', response.status);
  }
}
