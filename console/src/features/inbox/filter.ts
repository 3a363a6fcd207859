// The inbox's filters as the center's query wants them.
export const shownStates = ['open', 'closed', 'all'] as const;
export type Shown = (typeof shownStates)[number];

const states: Record<Shown, string> = { open: 'new,acknowledged', closed: 'resolved,false_positive', all: '' };

export const stateQuery = (shown: string): string => states[shownStates.find((one) => one === shown) ?? 'open'];

export const levels = ['red', 'yellow', 'blue'] as const;

/** A press on a level: shown alone, pressed again: all. */
export const levelPressed = (now: string, pressed: string): string => (now === pressed ? '' : pressed);
