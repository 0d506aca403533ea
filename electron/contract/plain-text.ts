// Text of strangers, made fit to be shown: nothing that is invisible, turns the reading direction or is for a terminal, no
// lone surrogates, and never longer than asked. One line also has no tabs and no towers of accents.

/** Controls, format characters (bidi, zero width, tags), surrogates, private use, line separators, and what is drawn as nothing. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
const manyMarks = /(\p{M}{2})\p{M}+/gu;
/** Colours, moves and titles (ECMA-48, 5.4; OSC as xterm takes it). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
const escapes = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)/g;
/** One shown character is never made of more raw ones than this, so that a huge text costs little. */
const rawPerShown = 8;

/** One line of at most `maxChars` characters; what was cut ends with an ellipsis. */
export function plainLine(raw: string, maxChars: number): string {
  const text = raw
    .slice(0, maxChars * rawPerShown)
    .replace(escapes, '')
    .replace(unseen, ' ')
    .replace(manyMarks, '$1')
    .replace(/\s+/gu, ' ')
    .trim();
  const chars = [...text];
  return chars.length > maxChars ? `${chars.slice(0, maxChars - 1).join('')}…` : text;
}

/** A line in quotes, for the detail of a refusal. */
export function quotedLine(raw: string, maxChars = 200): string {
  return `"${plainLine(raw, maxChars)}"`;
}

/** Keeps lines and tabs. `maxLength` counts as `length` does, and what was cut ends with an ellipsis. */
export function plainText(raw: string, maxLength: number): string {
  const text = raw
    .slice(0, maxLength * rawPerShown)
    .replace(/\r\n?/g, '\n')
    .replace(escapes, '')
    .replace(unseen, (some) => some.replace(/[^\n\t]/g, ''))
    .trim();
  return text.length > maxLength ? `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…` : text;
}
