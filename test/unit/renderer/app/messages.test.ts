// @vitest-environment node
// Both languages say the same things with the same placeholders, and every text can be formatted.
import { IntlMessageFormat } from 'intl-messageformat';
import { expect, it } from 'vitest';
import { refusalCodes } from '../../../../electron/contract/errors.ts';
import { nextSteps, reasons } from '../../../../electron/contract/reasons.ts';
import { en, type MessageKey } from '../../../../renderer/app/messages/en.ts';
import { resolveLanguage, wordsFor } from '../../../../renderer/app/messages/words.ts';
import { zhCn } from '../../../../renderer/app/messages/zh-cn.ts';

type Element = {
  readonly type: number;
  readonly value?: string;
  readonly options?: Record<string, { value: Element[] }>;
};

/** Names of all arguments of a message, also of those inside plurals and selects. */
function placeholders(elements: readonly Element[]): Set<string> {
  const found = new Set<string>();
  for (const element of elements) {
    if (element.type !== 0 && element.type !== 7 && element.value !== undefined) found.add(element.value);
    for (const option of Object.values(element.options ?? {})) {
      for (const name of placeholders(option.value)) found.add(name);
    }
  }
  return found;
}

function parse(text: string, language: string): Set<string> {
  const format = new IntlMessageFormat(text, language, undefined, { ignoreTag: true });
  return placeholders(format.getAst());
}

const keys = Object.keys(en) as MessageKey[];

it('has the same keys in both languages', () => {
  expect(Object.keys(zhCn).toSorted()).toEqual(keys.toSorted());
});

it('has the same placeholders in both languages, apart from a count that Chinese need not say twice', () => {
  const different = keys.filter((key) => {
    const inEnglish = [...parse(en[key], 'en')].toSorted().join();
    return inEnglish !== [...parse(zhCn[key], 'zh-CN')].toSorted().join();
  });
  expect(different).toEqual([]);
});

it('has no exclamation marks and no empty text', () => {
  const bad = keys.filter(
    (key) => /[!！]/.test(en[key] + zhCn[key]) || en[key].trim() === '' || zhCn[key].trim() === '',
  );
  expect(bad).toEqual([]);
});

it('is translated: only names and shared words are equal in both languages', () => {
  const same = keys.filter((key) => en[key] === zhCn[key] && /[a-z]{4,} [a-z]{3,}/.test(en[key]));
  expect(same).toEqual([]);
});

it.each([
  [0, '0 s', '0 秒'],
  [42_000, '42 s', '42 秒'],
  [192_000, '3 min 12 s', '3 分 12 秒'],
  [180_000, '3 min', '3 分'],
  [7_500_000, '2 h 5 min', '2 小时 5 分'],
  [273_600_000, '3 d 4 h', '3 天 4 小时'],
  [-5, '0 s', '0 秒'],
])('says %i ms as %s', (ms, english, chinese) => {
  expect(wordsFor('en').duration(ms)).toBe(english);
  expect(wordsFor('zh-CN').duration(ms)).toBe(chinese);
});

it('has words for every reason and every next step of the contract', () => {
  const missing = [
    ...Object.keys(reasons).map((reason) => `refusal.${reason}`),
    ...nextSteps.map((step) => `refusal.next.${step}`),
    ...refusalCodes.flatMap((code) => [`refusal.code.${code}`, `refusal.code.${code}.do`]),
  ].filter((key) => !Object.hasOwn(en, key));
  expect(missing).toEqual([]);
});

it('chooses words by reason, and by code when the reason is new', () => {
  const words = wordsFor('en');
  expect(words.refusal({ code: 'unreachable', reason: 'connection-refused', detail: '' })).toBe(
    'The machine answers, but nothing listens on this port.',
  );
  expect(words.refusal({ code: 'timeout', reason: 'never-heard-of', detail: '' })).toBe(
    'It took too long to answer.',
  );
  expect(words.remedy({ code: 'conflict', reason: 'stopping', detail: '' })).toBe('There is nothing to do.');
});

it('follows the system unless a language was chosen', () => {
  expect(resolveLanguage('system', ['zh-Hans-CN', 'en'])).toBe('zh-CN');
  expect(resolveLanguage('system', ['de-DE'])).toBe('en');
  expect(resolveLanguage('system', [])).toBe('en');
  expect(resolveLanguage('zh-CN', ['en-GB'])).toBe('zh-CN');
});
