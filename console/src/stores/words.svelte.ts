// Words of the console. Japanese is the one that was written first; English has the same keys and placeholders
// (npm run lint:words). Texts about an incident come from the center in both languages.
import type { ApiError } from '../api/client.ts';
import type { Text } from '../api/types.ts';
import { numberText, timeText, timeTextExact } from './format.ts';
import { settings, type Language } from './settings.svelte.ts';
import en from './texts/en.json';
import ja from './texts/ja.json';

export type Key = keyof typeof ja;
type CountedOf<K extends string> = K extends `${infer Stem}.many` ? Stem : never;
export type CountedKey = CountedOf<Key>;

const catalogues: Record<Language, Record<Key, string>> = { ja, en };

/** The text of a key in the language of the moment; {name} is filled from `values`. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  return catalogues[settings.language][key].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? numberText(value, settings.language) : value;
  });
}

/** The same for a number of things: key.one or key.many, with {count}. */
export function counted(key: CountedKey, count: number): string {
  return t(count === 1 ? (`${key}.one` as Key) : (`${key}.many` as Key), { count });
}

export const textOf = (text: Text): string => text[settings.language];
export const when = (time: string): string => timeText(time, settings.language);
export const whenExact = (time: string): string => timeTextExact(time, settings.language);
export const amount = (value: number): string => numberText(value, settings.language);

/** What to tell a person about an answer that is an error. */
export const errorText = (error: ApiError): string => t(`error.${error.code}`);
