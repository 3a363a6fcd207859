// Where in the console we are. The address is the state: back, forward, reload and links in notices all work.
export type Route =
  | { page: 'inbox' }
  | { page: 'incident'; id: string }
  | { page: 'devices' }
  | { page: 'gateways' }
  | { page: 'notices' }
  | { page: 'people' }
  | { page: 'account' }
  | { page: 'nowhere' };

export function routeOf(path: string): Route {
  const [first = '', second, third] = path.split('/').filter((part) => part !== '');
  if (third !== undefined) return { page: 'nowhere' };
  if (first === 'incidents' && second !== undefined) return { page: 'incident', id: second };
  if (second !== undefined) return { page: 'nowhere' };
  if (first === '' || first === 'incidents') return { page: 'inbox' };
  if (first === 'devices' || first === 'gateways' || first === 'notices' || first === 'people' || first === 'account') return { page: first };
  return { page: 'nowhere' };
}

class Router {
  route = $state<Route>({ page: 'inbox' });

  start(): void {
    this.#read();
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#clicked(event));
  }

  go(path: string): void {
    if (path !== location.pathname) history.pushState(null, '', path);
    this.#read();
    scrollTo(0, 0);
  }

  #read(): void {
    this.route = routeOf(location.pathname);
  }

  /** Links of our own change the page without loading it anew; all else (new tab, other site) is the browser's. */
  #clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download') || link.hash) return;
    event.preventDefault();
    this.go(link.pathname);
  }
}

export const router = new Router();
