// What waits, asked of the state as of the last commit. No Electron here.
import { ok } from '../contract/errors.ts';
import { refuseCondition } from '../core/master/frameworks/conditions.ts';
import { type Asked, whyWaiting } from '../core/master/frameworks/waiting.ts';
import type { State } from '../core/master/state.ts';
import type { Waits } from './ports.ts';

export function createWaits(state: () => State, monoMs: () => number): Waits {
  return {
    why: (taskIds, isEach) => {
      const now = state();
      const runs = taskIds.flatMap((id) => now.tables.runs.get(id) ?? []);
      const answers = whyWaiting(now, runs, { nowMonoMs: monoMs(), isEach });
      return runs.flatMap(({ id }, at) => {
        const why = answers[at];
        return why ? [{ taskId: id, why }] : [];
      });
    },
    preview: ({ info, machineId, where }) => {
      const refusal = refuseCondition(where);
      if (refusal) return { ok: false, refusal };
      const now = state();
      const agentId = machineId === null ? null : (now.tables.machines.get(machineId)?.agentId ?? null);
      const place = machineId === null || agentId === null ? null : { machineId, agentId };
      const asked: Asked = {
        info,
        machineId,
        place,
        ...(where.trim() === '' ? {} : { where: where.trim() }),
      };
      const [why] = whyWaiting(now, [asked], { nowMonoMs: monoMs(), isEach: true });
      return ok(why ?? { groups: [], machines: [], machineCount: 0 });
    },
  };
}
