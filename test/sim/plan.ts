// What a run will be like, drawn from its seed. Most bugs need few machines and few events (Yuan et al., OSDI 2014: 98 % at
// most 3 nodes), so nearly all runs are a few clicks and one or two faults, close together or far apart; some burn as long as a
// bad afternoon would.
import type { Start } from './camps.ts';
import type { World } from './world.ts';

export type Length = 'short' | 'middle' | 'long';
export type Plan = {
  readonly length: Length;
  /** How long it is under fire, in virtual time. */
  readonly fireMs: number;
  /** The person clicks, and something breaks, this often on average. */
  readonly clickEveryMs: number;
  readonly faultEveryMs: number;
  readonly hosts: number;
  /** The last address is another name of the first host. */
  readonly hasAlias: boolean;
  readonly start: Start;
  /** Schedulers behind a transport, apart from those of a camp, and how often one of them does something unasked, on average. */
  readonly schedulers: number;
  readonly actEveryMs: number;
  readonly sampleEveryMs: number;
  readonly ending: World['ending'];
  /** How likely a call or step goes wrong by itself, when that is among the faults of the run. */
  readonly quirk: number;
};

/** The dice of a world are thrown before it exists: a small stream of its own. */
export type Dice = Pick<World, 'chance' | 'between' | 'pick'>;
type Shape = {
  readonly share: number;
  /** From the shortest to the longest fire, each doubling of it as likely as any other: races want ms, limits want seconds. */
  readonly fireMs: readonly [number, number];
  /** How many there are on average, whatever the time. */
  readonly clicks: readonly [number, number];
  readonly faults: readonly [number, number];
  readonly acts: readonly [number, number];
  readonly schedulers: readonly number[];
  /** Agents send one a second. A link counts as silent after 3.5 s, so that a rare one says as much. */
  readonly sampleEveryMs: readonly number[];
};

const shapes: Readonly<Record<Length, Shape>> = {
  short: {
    share: 0.915,
    fireMs: [100, 5000],
    clicks: [1, 5],
    faults: [0.5, 3],
    acts: [0.5, 3],
    schedulers: [0, 0, 0, 1, 1, 2],
    sampleEveryMs: [1000, 3000, 3000, 3000],
  },
  middle: {
    share: 0.08,
    fireMs: [5000, 30_000],
    clicks: [4, 14],
    faults: [1, 5],
    acts: [1, 8],
    schedulers: [0, 1, 1, 2, 3],
    sampleEveryMs: [1000, 3000, 3000],
  },
  long: {
    share: 0.005,
    fireMs: [60_000, 90_000],
    clicks: [60, 100],
    faults: [10, 20],
    acts: [20, 40],
    schedulers: [0, 1, 2, 3],
    sampleEveryMs: [1000, 2500, 3000],
  },
};

export function drawPlan(dice: Dice, wantedFireMs?: number): Plan {
  const length = lengthOf(dice);
  const shape = shapes[length];
  const [low, high] = shape.fireMs;
  const drawnMs = Math.round(low * (high / low) ** dice.between(0, 1));
  // Drawn for the fire of the seed: a shorter one of the same seed burns alike.
  const every = ([few, many]: readonly [number, number]): number => drawnMs / dice.between(few, many);
  const start = startOf(dice);
  const hosts = dice.pick([2, 3, 3]) ?? 3;
  return {
    length,
    fireMs: wantedFireMs ?? drawnMs,
    clickEveryMs: every(shape.clicks),
    faultEveryMs: every(shape.faults),
    hosts,
    // The machines of a camp are as many as they seem.
    hasAlias: dice.chance(0.1) && (start !== 'camp' || hosts > 2),
    start,
    schedulers: start === 'camp' && dice.chance(0.85) ? 0 : (dice.pick(shape.schedulers) ?? 0),
    actEveryMs: every(shape.acts),
    sampleEveryMs: dice.pick(shape.sampleEveryMs) ?? 1000,
    ending: dice.chance(0.3) ? 'killed' : 'as-it-is',
    quirk: dice.pick([0.05, 0.2]) ?? 0.05,
  };
}

function lengthOf(dice: Dice): Length {
  if (dice.chance(shapes.short.share)) return 'short';
  return dice.chance(shapes.middle.share / (1 - shapes.short.share)) ? 'middle' : 'long';
}

function startOf(dice: Dice): Start {
  if (dice.chance(0.75)) return 'camp';
  return dice.chance(0.8) ? 'machines' : 'nothing';
}
