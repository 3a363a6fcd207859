// The live stream of the session. Pages say what they show; changes within a moment are told once.
import { streamOpen, type StreamKind } from '../api/stream.ts';

type Watcher = { kinds: readonly StreamKind[]; refresh: () => void };

const gatherMs = 250;

class Live {
  connected = $state(false);
  /** It was there and is gone now: what is shown may be old. */
  broken = $state(false);
  #watchers = new Set<Watcher>();
  #dirty = new Set<StreamKind>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end: (() => void) | undefined;

  start(): void {
    this.stop();
    this.#end = streamOpen({
      opened: () => {
        this.connected = true;
        if (this.broken) for (const watcher of this.#watchers) watcher.refresh(); // what changed meanwhile is not told again
        this.broken = false;
      },
      broken: () => {
        this.connected = false;
        this.broken = true;
      },
      changed: (kind) => this.#note(kind),
    });
  }

  stop(): void {
    this.#end?.();
    this.#end = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.connected = false;
    this.broken = false;
  }

  /** Returns the function that ends the watch: made to be an $effect's answer. */
  watch(kinds: readonly StreamKind[], refresh: () => void): () => void {
    const watcher = { kinds, refresh };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #note(kind: StreamKind): void {
    this.#dirty.add(kind);
    this.#timer ??= setTimeout(() => this.#tell(), gatherMs);
  }

  #tell(): void {
    const kinds = this.#dirty;
    this.#dirty = new Set();
    this.#timer = undefined;
    for (const watcher of this.#watchers) if (watcher.kinds.some((kind) => kinds.has(kind))) watcher.refresh();
  }
}

export const live = new Live();
