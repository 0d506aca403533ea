// What an agent or the master said of a task, or in the detail of a refusal, in the language chosen. Agents speak English; a sentence is known by the
// English text of its message, so there is one list of them. What is not known stays as it was said. Pure.
import { enSaid } from './en-said.ts';
import type { Words } from './words.ts';

type Name = keyof typeof enSaid extends `said.${infer N}` ? N : never;

type Sentence = {
  readonly name: Name;
  readonly shape: RegExp;
  readonly names: readonly string[];
  readonly letters: number;
};

/** Sentences are joined with this. */
const joint = '; ';
const isFrame = (name: Name): boolean => name === 'part' || name === 'aside';
const counts: ReadonlySet<string> = new Set(['n', 'm', 'k']);
const numbers = ['three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

function holeOf(name: string): string {
  if (counts.has(name)) return String.raw`(\d+)`;
  // Of words in words everything may be said; anything else ends with its sentence.
  return name === 'why' || name === 'text' ? '(.+)' : '((?:(?![;:] ).)+?)';
}

function sentenceOf(name: Name): Sentence {
  const parts = enSaid[`said.${name}`].split(/\{(\w+)\}/);
  const source = parts.map((part, index) =>
    index % 2 === 1 ? holeOf(part) : part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`),
  );
  return {
    name,
    shape: new RegExp(`^${source.join('')}$`, 's'),
    names: parts.filter((_, index) => index % 2 === 1),
    letters: parts.filter((_, index) => index % 2 === 0).join('').length,
  };
}

/** The one with the most words of its own first. */
const all = Object.keys(enSaid)
  .map((key) => sentenceOf(key.slice(5) as Name))
  .toSorted((a, b) => b.letters - a.letters);
const sentences = all.filter(({ name }) => !isFrame(name));
/** Around words that are known, when nothing else is. */
const frames = all.filter(({ name }) => isFrame(name));

const spans: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

/** `90 s`, `5 min`; a time that is written in another way stays as it is. */
function spanWords(text: string, words: Words): string {
  const [, amount, unit = ''] = /^(\d+) ?(ms|s|min|h)$/.exec(text) ?? [];
  const ms = Number(amount) * (spans[unit] ?? Number.NaN);
  if (Number.isNaN(ms)) return text;
  return unit === 'ms' ? words.t('age.ms', { ms }) : words.duration(ms);
}

/** null: there is nothing to say in other words. */
function holeWords(name: string, text: string, words: Words): string | null {
  switch (name) {
    case 'why':
    case 'what':
      return tell(text, words);
    case 'at':
      return /^\d+$/.test(text) ? words.dateTime(Number(text)) : null;
    case 'span':
      return spanWords(text, words);
    case 'times': {
      const at = numbers.indexOf(text);
      return at < 0 || words.language === 'en' ? null : String(at + 3);
    }
    default:
      return null;
  }
}

function sentence(list: readonly Sentence[], text: string, words: Words): string | null {
  for (const { name: key, shape, names } of list) {
    const found = shape.exec(text);
    if (found === null) continue;
    const told = names.map((name, index) => holeWords(name, found[index + 1] ?? '', words));
    if (list === frames && told.every((each) => each === null)) continue;
    return words.t(
      `said.${key}`,
      Object.fromEntries(names.map((name, index) => [name, told[index] ?? found[index + 1] ?? ''])),
    );
  }
  return null;
}

/** A sentence may hold the joint itself, so the longest beginning that is known is taken first. null: nothing is known. */
function tell(text: string, words: Words): string | null {
  const whole = sentence(sentences, text, words);
  if (whole !== null) return whole;
  const pieces = text.split(joint);
  for (let n = pieces.length - 1; n > 0; n -= 1) {
    const begin = pieces.slice(0, n).join(joint);
    const head = n > 1 ? sentence(sentences, begin, words) : tell(begin, words);
    if (head === null && n > 1) continue;
    const tail = pieces.slice(n).join(joint);
    const rest = tell(tail, words);
    if (head === null && rest === null) return null;
    return `${head ?? begin}${words.t('list.comma')}${rest ?? tail}`;
  }
  return sentence(frames, text, words);
}

export function said(text: string, words: Words): string {
  return tell(text, words) ?? text;
}
