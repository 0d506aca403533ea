// The slices of one machine while they are being moved: each as typed, so that dragging and typing are the same change. Pure.
import type { Slice } from '../../../../electron/contract/role.ts';
import type { Scalars } from '../../../../electron/contract/shares.ts';
import {
  noScalars,
  readAmount,
  type ScalarName,
  scalarNames,
  sumScalars,
  typedAmount,
} from '../../../parts/scalar-words.ts';
import type { MachineSlices, ShownSlice } from '../../../parts/slices.ts';
import type { Typed } from './role-form.ts';

export type DraftSlice = {
  readonly key: number;
  readonly role: string;
  readonly isNew: boolean;
  readonly typed: Typed;
  readonly used: Scalars;
  readonly tasks: readonly string[];
};

const typedOf = (amounts: Scalars): Typed => {
  const typed = { cpusMilli: '', memMib: '', diskMib: '', gpus: '' };
  for (const name of scalarNames) if (amounts[name] > 0) typed[name] = typedAmount(name, amounts[name]);
  return typed;
};

export function draftsOf({ slices }: MachineSlices): readonly DraftSlice[] {
  return slices.map(({ role, amounts, used, tasks }, key) => ({
    key,
    role,
    isNew: false,
    typed: typedOf(amounts),
    used,
    tasks,
  }));
}

/** A new slice begins with a quarter of what is free, so that there is something to take hold of. */
export function addDraft(drafts: readonly DraftSlice[], free: Scalars): readonly DraftSlice[] {
  const amounts = { ...noScalars };
  for (const name of ['cpusMilli', 'memMib'] as const) {
    const step = stepOf(name, free[name]);
    amounts[name] = Math.floor(free[name] / 4 / step) * step;
  }
  const key = Math.max(0, ...drafts.map((each) => each.key)) + 1;
  return [...drafts, { key, role: '', isNew: true, typed: typedOf(amounts), used: noScalars, tasks: [] }];
}

/** What cannot be read counts as nothing; its field says so. */
export function amountsOf({ typed }: DraftSlice): Scalars {
  const amounts = { ...noScalars };
  for (const name of scalarNames) amounts[name] = readAmount(name, typed[name]) ?? 0;
  return amounts;
}

export function isReadable({ typed, role }: DraftSlice): boolean {
  return role.trim() !== '' && scalarNames.every((name) => readAmount(name, typed[name]) !== undefined);
}

/** What is left out is not set aside any more; an empty slice is none. */
export function wishOf(drafts: readonly DraftSlice[]): readonly Slice[] {
  return drafts
    .map((draft) => ({ role: draft.role.trim(), amounts: amountsOf(draft) }))
    .filter(({ amounts }) => scalarNames.some((name) => amounts[name] > 0));
}

/** As the bars draw it. */
export function drawn(base: MachineSlices, drafts: readonly DraftSlice[]): MachineSlices {
  const slices = drafts.map(
    (draft): ShownSlice => ({
      role: draft.role.trim() === '' ? '?' : draft.role.trim(),
      amounts: amountsOf(draft),
      used: draft.used,
      tasks: draft.tasks,
    }),
  );
  return { ...base, slices };
}

/** A round figure to move by: about a fiftieth of the machine, never less than a hundredth of a CPU or a MiB. */
export function stepOf(name: ScalarName, total: number): number {
  if (name === 'gpus') return 1;
  const steps =
    name === 'cpusMilli' ? [10, 50, 100, 250, 500, 1000] : [1, 16, 64, 256, 512, 1024, 4096, 16_384];
  return steps.findLast((step) => step * 40 <= total) ?? steps[0] ?? 1;
}

export type Bounds = { readonly least: number; readonly most: number };

/** From what tasks use of it to all that nobody else has. */
export function boundsOf(
  base: MachineSlices,
  drafts: readonly DraftSlice[],
  at: number,
  name: ScalarName,
): Bounds {
  const others = drafts.filter((_, index) => index !== at).map((each) => amountsOf(each));
  const fixed = base.fixed.map(({ amounts }) => amounts);
  const taken = sumScalars([...others, ...fixed, base.loose])[name];
  const least = drafts[at]?.used[name] ?? 0;
  return { least, most: Math.max(least, base.total[name] - taken) };
}

/** To the nearest step, or to a bound that is nearer. */
function settle(amount: number, step: number, { least, most }: Bounds): number {
  const wanted = Math.min(most, Math.max(least, amount));
  const stepped = Math.min(most, Math.max(least, Math.round(wanted / step) * step));
  const distance = (each: number) => Math.abs(each - wanted);
  return [least, most].reduce((best, bound) => (distance(bound) <= distance(best) ? bound : best), stepped);
}

/** `isTogether`: the slice becomes the same part of every other resource as well. */
export function moveTo(
  base: MachineSlices,
  drafts: readonly DraftSlice[],
  move: {
    readonly at: number;
    readonly name: ScalarName;
    readonly amount: number;
    readonly isTogether: boolean;
  },
): readonly DraftSlice[] {
  const draft = drafts[move.at];
  if (draft === undefined) return drafts;
  const part = base.total[move.name] === 0 ? 0 : move.amount / base.total[move.name];
  const typed = { ...draft.typed };
  for (const name of scalarNames) {
    // A whole GPU is not cut along with the rest.
    const isMoved = name === move.name || (move.isTogether && (name === 'cpusMilli' || name === 'memMib'));
    if (!isMoved) continue;
    const wanted = name === move.name ? move.amount : part * base.total[name];
    const amount = settle(wanted, stepOf(name, base.total[name]), boundsOf(base, drafts, move.at, name));
    typed[name] = amount === 0 ? '' : typedAmount(name, amount);
  }
  return drafts.map((each, index) => (index === move.at ? { ...draft, typed } : each));
}
