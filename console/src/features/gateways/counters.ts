// Which of a gateway's counters are shown, and in which order: first what people ask for, then what technicians do.
const first = ['frames', 'alerts', 'dropped', 'kernel_drops'] as const;
const later = ['bytes', 'isolated', 'send_errors', 'events_lost', 'engine_starts'] as const;
export type CounterName = (typeof first)[number] | (typeof later)[number];

/** Those of the list that the gateway told; counters that this console has no word for stay away. */
function told(names: readonly CounterName[], counters: Record<string, number>): { name: CounterName; value: number }[] {
  return names.flatMap((name) => {
    const value = counters[name];
    return value === undefined ? [] : [{ name, value }];
  });
}

export const firstCounters = (counters: Record<string, number>): ReturnType<typeof told> => told(first, counters);
export const laterCounters = (counters: Record<string, number>): ReturnType<typeof told> => told(later, counters);
