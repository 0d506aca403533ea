// The brake on calling agents unreachable: one alone is called so at once, of many that fall silent together one after the
// other, because a broken switch looks like the death of everything behind it.
import type { Draft } from './draft.ts';

const manyAgents = 3;
/** Of all agents; reference: the brake of the product's reliability targets, "many hosts silent, >= 40 % = suspect ourselves". */
const manyShare = 0.4;
/** One verdict in that time, as kube-controller-manager's `--node-eviction-rate` of 0.1/s. Mesos has the same brake, unset. */
const verdictDistanceMs = 10_000;

function areManySilent(draft: Draft): boolean {
  const { unreachableAfterMs } = draft.settings;
  let all = 0;
  let away = 0;
  for (const { state, machineId } of draft.rows('agents')) {
    if (state.kind === 'gone') continue;
    all += 1;
    const quietSinceMonoMs = draft.links.get(machineId)?.quietSinceMonoMs ?? draft.monoMs;
    if (draft.monoMs - quietSinceMonoMs >= unreachableAfterMs) away += 1;
  }
  return all >= manyAgents && away >= 2 && away >= all * manyShare;
}

/** Whether one more may be called unreachable now. */
export function mayJudge(draft: Draft): boolean {
  if (!areManySilent(draft)) {
    draft.plan.verdictAtMonoMs = null;
    return true;
  }
  const { verdictAtMonoMs } = draft.plan;
  if (verdictAtMonoMs !== null && verdictAtMonoMs > draft.monoMs) return false;
  draft.plan.verdictAtMonoMs = draft.monoMs + verdictDistanceMs;
  return true;
}

/** Somebody is back: who is still away may be one that fails by itself. */
export function releaseBrake(draft: Draft): void {
  if (draft.plan.verdictAtMonoMs !== null && !areManySilent(draft)) draft.plan.verdictAtMonoMs = null;
}
