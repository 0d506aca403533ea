// What a run will be like, drawn from its seed. Most bugs need few machines and few events (Yuan et al., OSDI 2014: 98 % at
// most 3 nodes), so most runs are short and dense; some burn as long as a bad afternoon would.
import type { World } from './world.ts';

export type Length = 'short' | 'middle' | 'long';
export type Plan = {
  readonly length: Length;
  /** How long it is under fire, in virtual time. */
  readonly fireMs: number;
  /** The person clicks, and something breaks, this often on average. */
  readonly clickEveryMs: number;
  readonly faultEveryMs: number;
  /** Schedulers behind a transport, and how often one of them does something unasked, on average. */
  readonly schedulers: number;
  readonly actEveryMs: number;
  readonly sampleEveryMs: number;
  /** How likely a call or step goes wrong by itself, when that is among the faults of the run. */
  readonly quirk: number;
};

/** The dice of a world are thrown before it exists: a small stream of its own. */
export type Dice = Pick<World, 'chance' | 'between' | 'pick'>;

const shapes: Readonly<
  Record<Length, { readonly share: number; readonly fireMs: readonly [number, number] }>
> = {
  short: { share: 0.85, fireMs: [1500, 9000] },
  middle: { share: 0.12, fireMs: [9000, 30_000] },
  long: { share: 0.03, fireMs: [60_000, 90_000] },
};

export function drawPlan(dice: Dice, fireMs?: number): Plan {
  const length = lengthOf(dice);
  const [low, high] = shapes[length].fireMs;
  const drawnMs = Math.round(dice.between(low, high));
  const isLong = length === 'long';
  return {
    length,
    fireMs: fireMs ?? drawnMs,
    clickEveryMs: isLong ? 800 : dice.between(200, 900),
    faultEveryMs: isLong ? 5000 : dice.between(600, 4000),
    schedulers: dice.pick([0, 0, 1, 2, 3]) ?? 0,
    actEveryMs: isLong ? 2500 : dice.between(400, 1500),
    // Agents send one a second. A link counts as silent after 3.5 s, so that a rare one says as much.
    sampleEveryMs: dice.pick([1000, 2500, 3000]) ?? 1000,
    quirk: dice.pick([0.05, 0.2]) ?? 0.05,
  };
}

function lengthOf(dice: Dice): Length {
  if (dice.chance(shapes.short.share)) return 'short';
  return dice.chance(shapes.middle.share / (1 - shapes.short.share)) ? 'middle' : 'long';
}
