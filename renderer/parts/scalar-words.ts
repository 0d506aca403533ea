// Amounts of the four scalars, written and read: thousandths of CPUs, MiB, whole GPUs.
import type { Scalars } from '../../electron/contract/shares.ts';
import { cpus, mib } from '../app/messages/amounts.ts';
import type { Words } from '../app/messages/words.ts';

export const scalarNames = ['cpusMilli', 'memMib', 'diskMib', 'gpus'] as const;
export type ScalarName = (typeof scalarNames)[number];
export const noScalars: Scalars = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };

export function scalarText(name: ScalarName, amount: number): string {
  if (amount === 0) return '0';
  if (name === 'cpusMilli') return cpus(amount);
  return name === 'gpus' ? String(amount) : mib(amount);
}

/** What there is of it: `2 cpus, 8 GiB memory`. */
export function scalarsText(amounts: Scalars, words: Words): string {
  const parts = scalarNames.flatMap((name) =>
    amounts[name] === 0
      ? []
      : [words.t(`scalar.of.${name}`, { amount: scalarText(name, amounts[name]), n: amounts[name] })],
  );
  return parts.length === 0 ? words.t('scalar.nothing') : parts.join(words.t('list.comma'));
}

export function sumScalars(all: Iterable<Scalars>): Scalars {
  const sum = { ...noScalars };
  for (const one of all) for (const name of scalarNames) sum[name] += one[name];
  return sum;
}

/** As a person would type it, so that what is read back is the same amount. */
export function typedAmount(name: ScalarName, amount: number): string {
  if (name === 'cpusMilli') return String(amount / 1000);
  if (name === 'gpus') return String(amount);
  return amount > 0 && amount % 1024 === 0 ? `${amount / 1024} GiB` : `${amount} MiB`;
}

const sizePattern = /^(\d+(?:[.,]\d+)?)\s*([mgt])?(?:i?b)?$/i;
const sizeOf = { m: 1, g: 1024, t: 1_048_576 } as const;

/** null: nothing is typed. undefined: this is no amount. Memory and disk without a unit are MiB. */
export function readAmount(name: ScalarName, text: string): number | null | undefined {
  const typed = text.trim();
  if (typed === '') return null;
  if (name === 'memMib' || name === 'diskMib') {
    const [, figure, unit = 'm'] = sizePattern.exec(typed) ?? [];
    if (figure === undefined) return undefined;
    const size = Number(figure.replace(',', '.')) * sizeOf[unit.toLowerCase() as 'm' | 'g' | 't'];
    return Number.isSafeInteger(Math.round(size)) ? Math.round(size) : undefined;
  }
  const pattern = name === 'gpus' ? /^\d{1,6}$/ : /^\d{1,9}(?:[.,]\d{1,3})?$/;
  if (!pattern.test(typed)) return undefined;
  const value = Number(typed.replace(',', '.'));
  return name === 'gpus' ? value : Math.round(value * 1000);
}
