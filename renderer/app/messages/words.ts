// Words for people: messages by key, ages, sizes and times in the language chosen. Pages use `useWords()`.
import { IntlMessageFormat } from 'intl-messageformat';
import type { Refusal } from '../../../electron/contract/errors.ts';
import { isReason, reasons } from '../../../electron/contract/reasons.ts';
import { settingsOf } from '../../store/selectors.ts';
import { tableStore, useTables } from '../../store/tables.ts';
import { type Catalogue, en, type MessageKey } from './en.ts';
import { zhCn } from './zh-cn.ts';

export type Language = 'en' | 'zh-CN';
export type MessageArgs = Readonly<Record<string, string | number>>;

const catalogues: Readonly<Record<Language, Catalogue>> = { en, 'zh-CN': zhCn };

const dayMs = 86_400_000;

function has(key: string): key is MessageKey {
  return Object.hasOwn(en, key);
}

export class Words {
  readonly language: Language;
  readonly #formats = new Map<MessageKey, IntlMessageFormat>();
  readonly #clock: Intl.DateTimeFormat;
  readonly #dateTime: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;

  constructor(language: Language) {
    this.language = language;
    const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
    this.#day = new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric' });
    this.#clock = new Intl.DateTimeFormat(language, clock);
    this.#dateTime = new Intl.DateTimeFormat(language, {
      ...clock,
      year: 'numeric',
      month: 'short',
      day: 'numeric',
    });
  }

  t(key: MessageKey, args?: MessageArgs): string {
    const text = catalogues[this.language][key];
    if (args === undefined && !text.includes('{')) return text;
    let format = this.#formats.get(key);
    if (format === undefined) {
      format = new IntlMessageFormat(text, this.language, undefined, { ignoreTag: true });
      this.#formats.set(key, format);
    }
    return String(format.format(args ?? {}));
  }

  /** The text of a key that comes from elsewhere, when there is one. */
  maybe(key: string): string | null {
    return has(key) ? this.t(key) : null;
  }

  /** `42 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`: two units at most, never a fraction. */
  duration(ms: number): string {
    const s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return this.t('age.s', { s });
    const min = Math.floor(s / 60);
    if (min < 60) {
      return s % 60 === 0 ? this.t('age.min', { min }) : this.t('age.min-s', { min, s: s % 60 });
    }
    const h = Math.floor(min / 60);
    if (h < 24) return min % 60 === 0 ? this.t('age.h', { h }) : this.t('age.h-min', { h, min: min % 60 });
    const d = Math.floor(h / 24);
    return h % 24 === 0 ? this.t('age.d', { d }) : this.t('age.d-h', { d, h: h % 24 });
  }

  /** Milliseconds below ten seconds, then as `duration`. */
  took(ms: number): string {
    return ms < 10_000 ? this.t('age.ms', { ms: Math.round(ms) }) : this.duration(ms);
  }

  /** With a tenth below a minute: for work a person waits for. */
  span(ms: number): string {
    return ms < 59_950
      ? this.t('age.s-tenth', { s: (Math.max(0, ms) / 1000).toFixed(1) })
      : this.duration(ms);
  }

  /** The clock within a day, else the day. */
  when(atMs: number, nowMs: number): string {
    return nowMs - atMs < dayMs ? this.#clock.format(atMs) : this.#day.format(atMs);
  }

  clock(atMs: number): string {
    return this.#clock.format(atMs);
  }

  dateTime(atMs: number): string {
    return this.#dateTime.format(atMs);
  }

  /** What happened, in words, by reason and else by code. */
  refusal(refusal: Refusal): string {
    const key = `refusal.${refusal.reason}`;
    return has(key) ? this.t(key) : this.t(`refusal.code.${refusal.code}`);
  }

  /** What can be done about it: words of the reason, else its next step, else those of the code. */
  remedy(refusal: Refusal): string {
    const key = `refusal.${refusal.reason}.do`;
    if (has(key)) return this.t(key);
    if (isReason(refusal.reason)) return this.t(`refusal.next.${reasons[refusal.reason].next}`);
    return this.t(`refusal.code.${refusal.code}.do`);
  }
}

const made = new Map<Language, Words>();
export function wordsFor(language: Language): Words {
  const words = made.get(language) ?? new Words(language);
  made.set(language, words);
  return words;
}

export function resolveLanguage(setting: 'system' | Language, system: readonly string[]): Language {
  if (setting !== 'system') return setting;
  return (system[0] ?? 'en').toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}

export function useWords(): Words {
  const setting = useTables((tables) => settingsOf(tables).language);
  return wordsFor(resolveLanguage(setting, navigator.languages));
}

/** Outside components: toasts and clipboard. */
export function wordsNow(): Words {
  return wordsFor(resolveLanguage(settingsOf(tableStore.getState().tables).language, navigator.languages));
}
