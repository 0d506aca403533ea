// Amounts as vectors: each scalar has a place, so that sums are plain loops over numbers. All are integers below 2^38, so the
// sum over 16,000 agents is still exact in a double.
import { ok, type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { Amounts, SomeAmounts } from './types.ts';

export const builtInScalars = ['cpusMilli', 'memMib', 'diskMib', 'gpus'] as const;
type BuiltIn = (typeof builtInScalars)[number];

const maxAmount = 2 ** 38;
const maxCustomScalars = 60;

/** The place of each scalar. Made once for an index; a new name makes a new index. */
export type Scalars = {
  readonly names: readonly string[];
  readonly places: ReadonlyMap<string, number>;
};

export function scalarsOf(custom: Iterable<string>): Scalars {
  const names = [...builtInScalars, ...[...new Set(custom)].sort()];
  return { names, places: new Map(names.map((name, place) => [name, place])) };
}

/** A scalar of its own name. Mesos asks nothing of it; we also keep it printable and short. */
const customName = /^[A-Za-z][A-Za-z0-9._/-]{0,63}$/;

function refuseAmount(name: string, value: unknown): Refusal | null {
  const refused = (reason: string): Refusal => ({
    code: 'invalid',
    reason,
    detail: `${name}: ${String(value)}`,
  });
  if (typeof value !== 'number' || !Number.isFinite(value)) return refused('amount-not-a-number');
  if (value < 0) return refused('amount-negative');
  if (!Number.isInteger(value)) return refused('amount-fractional');
  return value > maxAmount ? refused('amount-too-big') : null;
}

export function refuseAmounts(amounts: SomeAmounts): Refusal | null {
  for (const name of builtInScalars) {
    const value = amounts[name];
    const refusal = value === undefined ? null : refuseAmount(name, value);
    if (refusal !== null) return refusal;
  }
  if (amounts.custom === undefined) return null;
  const custom = Object.entries(amounts.custom);
  if (custom.length > maxCustomScalars) {
    return { code: 'invalid', reason: 'too-many-scalars', detail: `${custom.length} custom scalars` };
  }
  for (const [name, value] of custom) {
    if (!customName.test(name) || (builtInScalars as readonly string[]).includes(name)) {
      return { code: 'invalid', reason: 'scalar-name', detail: name };
    }
    const refusal = refuseAmount(name, value);
    if (refusal !== null) return refusal;
  }
  return null;
}

export function customNames(amounts: SomeAmounts): readonly string[] {
  return amounts.custom === undefined ? [] : Object.keys(amounts.custom);
}

/** Writes the vector; what is not said becomes `missing`. Names without a place are zero in the whole cluster. */
function writeVector(scalars: Scalars, amounts: SomeAmounts, out: Float64Array, missing = 0): Float64Array {
  out[0] = amounts.cpusMilli ?? missing;
  out[1] = amounts.memMib ?? missing;
  out[2] = amounts.diskMib ?? missing;
  out[3] = amounts.gpus ?? missing;
  for (let r = builtInScalars.length; r < scalars.names.length; r += 1) {
    out[r] = amounts.custom?.[scalars.names[r]!] ?? missing;
  }
  return out;
}

export function vectorOf(scalars: Scalars, amounts: SomeAmounts, missing = 0): Float64Array {
  return writeVector(scalars, amounts, new Float64Array(scalars.names.length), missing);
}

/** The amounts at `from` in an array of vectors. Custom scalars that are zero are left out. */
export function amountsAt(scalars: Scalars, values: ArrayLike<number>, from = 0): Amounts {
  const cpusMilli = values[from]!;
  const memMib = values[from + 1]!;
  const diskMib = values[from + 2]!;
  const gpus = values[from + 3]!;
  if (scalars.names.length === builtInScalars.length) return { cpusMilli, memMib, diskMib, gpus };
  const custom: Record<string, number> = {};
  for (let r = builtInScalars.length; r < scalars.names.length; r += 1) {
    if (values[from + r]! !== 0) custom[scalars.names[r]!] = values[from + r]!;
  }
  return Object.keys(custom).length === 0
    ? { cpusMilli, memMib, diskMib, gpus }
    : { cpusMilli, memMib, diskMib, gpus, custom };
}

const mesosNames: Readonly<Record<string, { readonly name: BuiltIn; readonly factor: number }>> = {
  cpus: { name: 'cpusMilli', factor: 1000 },
  mem: { name: 'memMib', factor: 1 },
  disk: { name: 'diskMib', factor: 1 },
  gpus: { name: 'gpus', factor: 1 },
};

/**
 * Scalars as Mesos writes them (`{ cpus: 0.5, mem: 128, licences: 1 }`) as exact amounts. Mesos rounds to three decimals;
 * what is finer than that is refused, as is a part of a MiB or of a GPU.
 */
export function amountsFromMesos(scalars: Readonly<Record<string, number>>): Result<Amounts> {
  const amounts: Record<BuiltIn, number> = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0 };
  const custom: Record<string, number> = {};
  for (const [name, value] of Object.entries(scalars)) {
    const known = Object.hasOwn(mesosNames, name) ? mesosNames[name] : undefined;
    const factor = known?.factor ?? 1000;
    const exact = value * factor;
    // A double that was meant to have three decimals is off by less than this.
    const whole = Math.abs(exact - Math.round(exact)) < 1e-6 ? Math.round(exact) : exact;
    const refusal = refuseAmount(name, Number.isFinite(value) && value < 0 ? value : whole);
    if (refusal !== null) return refuse(refusal.code, refusal.reason, `${name}: ${value}`);
    if (known === undefined) custom[name] = whole;
    else amounts[known.name] = whole;
  }
  const result: Amounts = Object.keys(custom).length === 0 ? amounts : { ...amounts, custom };
  const refusal = refuseAmounts(result);
  return refusal === null ? ok(result) : { ok: false, refusal };
}
