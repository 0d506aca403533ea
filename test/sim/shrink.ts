// Makes a failing run smaller: the same seed with fewer faults and a shorter fire, as long as it still fails.
import { type FaultKind, faultKinds } from './faults.ts';
import { type RunOptions, runOnce } from './run.ts';

const leastFireMs = 250;

/** The command that shows the smallest that was found. */
export async function shrink(failed: RunOptions): Promise<string> {
  let best: RunOptions = failed;
  let { fireMs } = (await runOnce(failed)).plan;
  for (const kind of faultKinds) {
    const fewer = { ...best, disabled: new Set([...(best.disabled ?? []), kind]) };
    if ((await runOnce(fewer)).violations.length > 0) best = fewer;
  }
  for (let share = 0.5; fireMs >= leastFireMs && share < 1; ) {
    const shorter = { ...best, fireMs: Math.round(fireMs * share) };
    if ((await runOnce(shorter)).violations.length > 0) {
      best = shorter;
      fireMs = shorter.fireMs;
    } else share = (share + 1) / 2 > 0.95 ? 1 : (share + 1) / 2;
  }
  const without = namesOf(best.disabled);
  const fire = best.fireMs === undefined ? '' : ` --fire ${best.fireMs}`;
  return `npm run sim -- --trace --seed ${failed.seed}${without && ` --without ${without}`}${fire}`;
}

function namesOf(disabled: ReadonlySet<FaultKind> | undefined): string {
  return [...(disabled ?? [])].join(',');
}
