// Who is logged in. Everything that asks the center goes through `ask`, so that an ended session is noticed at once.
import { ApiError, call, csrfTokenSet, type Answer, type OperationName } from '../api/client.ts';
import type { Me, Role } from '../api/types.ts';
import { settings } from './settings.svelte.ts';

// The center decides; this only keeps buttons away that it would refuse (openapi.yaml names the roles).
const staff: readonly Role[] = ['admin', 'operator', 'analyst'];
const rights = {
  watch: [...staff, 'responder', 'manager'],
  cut: [...staff, 'manager'],
  name: [...staff, 'responder', 'manager', 'customer'],
  register: ['admin', 'operator', 'reseller'],
  invite: ['admin', 'operator', 'reseller', 'manager'],
  users: ['admin'],
  see: [...staff, 'reseller', 'responder', 'manager', 'customer'],
} as const satisfies Record<string, readonly Role[]>;
export type Right = keyof typeof rights;

class Session {
  /** undefined: not asked yet; null: nobody */
  me = $state<Me | null | undefined>(undefined);
  /** The session ended while the person was at work. */
  ended = $state(false);
  /** The first question got no answer. */
  startError = $state<ApiError | undefined>(undefined);

  async start(): Promise<void> {
    this.startError = undefined;
    try {
      this.#entered(await call('getMe', {}));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.me = null;
      else this.startError = asApiError(error);
    }
  }

  async login(login: string, password: string): Promise<void> {
    this.#entered(await call('login', { body: { login, password } }));
  }

  async logout(): Promise<void> {
    try {
      await call('logout', {});
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
    }
    this.#left(false);
  }

  may(right: Right): boolean {
    const role = this.me?.user.role;
    return role !== undefined && (rights[right] as readonly Role[]).includes(role);
  }

  lost(): void {
    if (this.me) this.#left(true);
  }

  #entered(me: Me): void {
    csrfTokenSet(me.csrf_token);
    settings.languageOfAccount(me.user.language);
    this.ended = false;
    this.me = me;
  }

  #left(ended: boolean): void {
    csrfTokenSet('');
    this.ended = ended;
    this.me = null;
  }
}

export const session = new Session();

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  throw error; // ours: a mistake in this program, not an answer
}

export async function ask<K extends OperationName>(name: K, input: Parameters<typeof call<K>>[1]): Promise<Answer<K>> {
  try {
    return await call(name, input);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not_logged_in') session.lost();
    throw error;
  }
}
