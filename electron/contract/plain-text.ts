// Text of strangers, made fit to be shown on one line: nothing that is invisible, turns the reading direction or ends the
// line, no lone surrogates, no towers of accents, and never longer than asked.

/** Controls, format characters (bidi, zero width, tags), surrogates, private use, line separators, and what is drawn as nothing. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
const manyMarks = /(\p{M}{2})\p{M}+/gu;
/** One shown character is never made of more raw ones than this, so that a huge text costs little. */
const rawPerShown = 8;

/** One line of at most `maxChars` characters; what was cut ends with an ellipsis. */
export function plainLine(raw: string, maxChars: number): string {
  const text = raw
    .slice(0, maxChars * rawPerShown)
    .replace(unseen, ' ')
    .replace(manyMarks, '$1')
    .replace(/\s+/gu, ' ')
    .trim();
  const chars = [...text];
  return chars.length > maxChars ? `${chars.slice(0, maxChars - 1).join('')}…` : text;
}
