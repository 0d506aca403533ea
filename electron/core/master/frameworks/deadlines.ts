// When the next thing of this folder is due by itself.
import { type Deadline, earliest } from '../../kernel/deadlines.ts';
import type { State } from '../state.ts';

export function nextFrameworkDeadline({ session }: State): Deadline {
  const { allocateAtMonoMs, offersEndAtMonoMs, filtersEndAtMonoMs, failoverAtMonoMs, inverseAtMonoMs } =
    session.plan;
  const { claimsAwaitUntilMonoMs } = session.plan;
  const updateAtMonoMs = session.owing.earliest();
  return earliest([
    session.reconciling.earliest(),
    session.owingOperations.earliest(),
    inverseAtMonoMs,
    allocateAtMonoMs,
    offersEndAtMonoMs,
    filtersEndAtMonoMs,
    failoverAtMonoMs,
    claimsAwaitUntilMonoMs,
    updateAtMonoMs,
  ]);
}
