// Reading what was typed: numbers with a comma or a point, seconds, lines. Pure.
import { prioritySchema } from '../../../../electron/contract/task.ts';
import type { MessageKey } from '../../../app/messages/en.ts';
import type { MessageArgs } from '../../../app/messages/words.ts';

export type Fault = { readonly key: MessageKey; readonly args?: MessageArgs };

/** A number between the two, times `scale`, whole after that; null when it is none. */
export function numberIn(text: string, [min, max]: readonly [number, number], scale = 1): number | null {
  const plain = text.trim().replace(',', '.');
  if (!/^\d{1,15}(\.\d{1,6})?$/.test(plain)) return null;
  const value = Math.round(Number(plain) * scale);
  const isWhole = scale !== 1 || !plain.includes('.');
  return isWhole && value >= min && value <= max ? value : null;
}

/** A whole number of the priorities there are; what is empty is the usual one, null is none. */
export function priorityIn(text: string): number | null {
  const plain = text.trim().replace('−', '-');
  if (plain === '') return 0;
  if (!/^-?\d{1,4}$/.test(plain)) return null;
  const { data, success } = prioritySchema.safeParse(Number(plain));
  // `-0` is 0.
  return success ? data + 0 : null;
}

export const isBlank = (text: string): boolean => text.trim() === '';

/** Lines that say something, with their numbers from 1. */
export function linesOf(text: string): readonly { readonly text: string; readonly line: number }[] {
  return text
    .split('\n')
    .map((each, index) => ({ text: each.trim(), line: index + 1 }))
    .filter((each) => each.text !== '');
}

export const cpusLimits = [10, 1_024_000] as const;
export const memLimits = [1, 16_777_216] as const;
