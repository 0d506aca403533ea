// A guess in words: what, how sure, and what it rests on. Texts of machines are quoted as they came.
import type { Clue, FoundMachine } from '../../electron/contract/discovery.ts';
import type { Words } from '../app/messages/words.ts';

export function guessText({ guess }: FoundMachine, words: Words): string | null {
  if (guess === null) return null;
  return words.t(`find.sure.${guess.sureness}`, { kind: words.t(`find.kind.${guess.kind}`) });
}

export function clueText({ kind, text }: Clue, words: Words): string {
  return words.t(`find.clue.${kind}`, { text });
}

/** Without a guess: what one could guess from. */
export function reasonText({ guess, vendor }: FoundMachine, words: Words): string {
  if (guess !== null) return guess.because.map((clue) => clueText(clue, words)).join(' · ');
  return vendor === null ? '' : words.t('find.clue.vendor', { text: vendor });
}
