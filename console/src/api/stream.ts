// Live changes. The browser's EventSource comes back by itself after a break, but not after an answer that is an error
// (too many streams, center restarting behind a proxy): then we open a new one, later each time.
import { operations, type StreamMessage } from './types.ts';

export const streamKinds = ['incident', 'gateway', 'device', 'notice'] as const;
export type StreamKind = (typeof streamKinds)[number];

export type StreamListener = {
  opened: () => void;
  broken: () => void;
  changed: (kind: StreamKind, message: StreamMessage) => void;
};

const retryFirstMs = 2_000;
const retryLastMs = 60_000;

/** Returns the function that ends it. */
export function streamOpen(listener: StreamListener): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waitMs = retryFirstMs;

  function start(): void {
    source = new EventSource(operations.stream.path);
    source.onopen = () => {
      waitMs = retryFirstMs;
      listener.opened();
    };
    source.onerror = () => {
      listener.broken();
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(start, waitMs);
      waitMs = Math.min(waitMs * 2, retryLastMs);
    };
    for (const kind of streamKinds)
      source.addEventListener(kind, (event: MessageEvent<string>) => {
        listener.changed(kind, JSON.parse(event.data) as StreamMessage);
      });
  }

  start();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
