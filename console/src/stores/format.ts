// Times and numbers as people here read them. Always Japan's clock with the weekday, wherever the browser stands.
import type { Language } from './settings.svelte.ts';

const zone = 'Asia/Tokyo';
const locales: Record<Language, string> = { ja: 'ja-JP', en: 'en-US' };

type Parts = Partial<Record<Intl.DateTimeFormatPartTypes, string>>;

function partsOf(time: Date, language: Language): Parts {
  const format = new Intl.DateTimeFormat(locales[language], {
    timeZone: zone,
    year: 'numeric',
    month: language === 'ja' ? 'numeric' : 'short',
    day: 'numeric',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  return Object.fromEntries(format.formatToParts(time).map((part) => [part.type, part.value]));
}

/** 11月22日(日) 17:30 / Sun, Nov 22, 17:30; the year only when it is not this one. "" for what is no time. */
export function timeText(time: string | Date, language: Language, now: Date = new Date()): string {
  const at = typeof time === 'string' ? new Date(time) : time;
  if (Number.isNaN(at.getTime())) return '';
  const p = partsOf(at, language);
  const otherYear = p.year !== partsOf(now, language).year;
  const clock = `${p.hour}:${p.minute}`;
  if (language === 'ja')
    return `${otherYear ? `${p.year?.replace('年', '')}年` : ''}${p.month?.replace('月', '')}月${p.day?.replace('日', '')}日(${p.weekday}) ${clock}`;
  return `${p.weekday}, ${p.month} ${p.day}${otherYear ? `, ${p.year}` : ''}, ${clock}`;
}

/** With seconds, for technical boxes. */
export function timeTextExact(time: string, language: Language, now: Date = new Date()): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return '';
  return `${timeText(at, language, now)}:${partsOf(at, language).second}`;
}

export function numberText(value: number, language: Language): string {
  return new Intl.NumberFormat(locales[language]).format(value);
}
