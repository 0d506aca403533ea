// Every state machine: its table of moves is whole and closed, and every state meets every event without throwing.
import { describe, expect, it } from 'vitest';
import { taskStates, terminalTaskStates } from '../../../../electron/contract/task.ts';
import type { Posted } from '../../../../electron/core/kernel/events.ts';
import { createRandom } from '../../../../electron/core/kernel/random.ts';
import { agentMoves } from '../../../../electron/core/master/agents.ts';
import { laneMoves, stepMoves } from '../../../../electron/core/master/lane-states.ts';
import { linkMoves } from '../../../../electron/core/master/link-states.ts';
import { applyAgentStatus, taskMoves } from '../../../../electron/core/master/task-states.ts';
import { agentId, aMachine, aStatus, aTask, machineId, taskId } from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';
import { someEvents } from '../../../support/some-events.ts';

describe.each<[string, Readonly<Record<string, readonly string[]>>]>([
  ['link', linkMoves],
  ['lane', laneMoves],
  ['lane step', stepMoves],
  ['agent', agentMoves],
  ['task', taskMoves],
])('the table of moves of a %s', (_, moves) => {
  it('only names states that it has, and none moves to itself', () => {
    for (const [from, targets] of Object.entries(moves)) {
      expect(targets.filter((to) => !(to in moves) || to === from)).toEqual([]);
    }
  });
});

describe('a task in every state meets every status', () => {
  const cases = taskStates.flatMap((from) => taskStates.map((to) => [from, to] as const));
  it.each(cases)('%s meets %s', (from, to) => {
    const task = {
      id: taskId('job'),
      machineId: machineId('one'),
      agentId: agentId('one'),
      info: aTask('job'),
      state: from,
      statuses: [aStatus('job', from)],
      createdAtMs: 1,
      startedAtMs: null,
      endedAtMs: terminalTaskStates.has(from) ? 2 : null,
      killAskedAtMs: null,
    };
    const verdict = applyAgentStatus(task, aStatus('job', to));
    const isEnded = terminalTaskStates.has(from);
    const isMove = from === to || taskMoves[from].includes(to);
    const applied = verdict.kind === 'applied' ? verdict.task : null;
    if (verdict.kind === 'past') {
      expect(verdict.task).toMatchObject({ state: from, endedAtMs: null });
      expect(verdict.task.statuses.map((status) => status.state)).toEqual([to, from]);
      return;
    }
    expect(applied === null || (isMove && !isEnded && applied.state === to)).toBe(true);
    expect(applied === null || (applied.endedAtMs !== null) === terminalTaskStates.has(to)).toBe(true);
    expect(applied !== null || isEnded || verdict.kind === 'illegal').toBe(true);
  });
});

describe('a random walk over all events', () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))('seed %i breaks no invariant', (seed) => {
    const random = createRandom(seed);
    const events = someEvents((values) => values[Math.floor(random() * values.length)] as never);
    const rig = new CoreRig({ machines: [aMachine('one'), aMachine('two')] });
    rig.post({ kind: 'local-machine-found', machineId: machineId('here'), name: 'here' });
    for (let n = 0; n < 400; n += 1) {
      const event = events[Math.floor(random() * events.length)] as () => Posted;
      rig.post(event());
      if (random() < 0.3) rig.pass(Math.floor(random() ** 4 * 20_000));
    }
    expect(rig.state.session.isStarted).toBe(true);
  });
});
