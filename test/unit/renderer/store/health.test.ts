// @vitest-environment node
// Unknown is never shown as fine: every link phase with every agent state.
import { describe, expect, it } from 'vitest';
import { type LinkRecord, linkPhases } from '../../../../electron/contract/machine.ts';
import { taskStates, terminalTaskStates } from '../../../../electron/contract/task.ts';
import { machineHealth, taskGlyph } from '../../../../renderer/store/health.ts';
import { specs } from '../../../support/fake-bridge/machines.ts';
import { aLink, aMachine, anAgent } from '../../../support/fake-bridge/records.ts';

const spec = specs[1];
if (spec === undefined) throw new Error('no machine');
const machine = aMachine(spec, 1000);
const agent = anAgent(spec, machine, 1000);
const agentStates = [
  { kind: 'active' },
  { kind: 'unreachable', sinceMs: 5 },
  { kind: 'gone', sinceMs: 5 },
] as const;

describe('a machine', () => {
  for (const phase of linkPhases) {
    for (const state of agentStates) {
      it(`with a ${phase} link and an agent that is ${state.kind} is ${phase === 'live' && state.kind === 'active' ? '' : 'not '}healthy`, () => {
        const health = machineHealth(machine, { ...agent, state }, aLink(machine, 9000, { phase }));
        const isFine = phase === 'live' && state.kind === 'active';
        expect(health.glyph === 'healthy').toBe(isFine);
        expect(health.isFresh).toBe(isFine);
        expect(health.staleSinceMs === null).toBe(isFine);
      });
    }
  }

  it('without a link or an agent is not healthy', () => {
    expect(machineHealth(machine, agent, undefined).isFresh).toBe(false);
    expect(machineHealth(machine, undefined, aLink(machine, 9000)).glyph).toBe('working');
  });

  it.each([
    ['unreachable', 'unknown'],
    ['timeout', 'unknown'],
    ['unauthorized', 'failed'],
    ['conflict', 'failed'],
  ] as const)('that is down because of %s is %s', (code, glyph) => {
    const problem = { code, reason: 'x', detail: '' } satisfies LinkRecord['problem'];
    expect(machineHealth(machine, agent, aLink(machine, 9000, { phase: 'down', problem })).glyph).toBe(glyph);
  });

  it('that is being removed is not healthy although it is live', () => {
    const removed = { ...machine, removal: { askedAtMs: 1, tasks: 'stop' as const } };
    expect(machineHealth(removed, agent, aLink(machine, 9000)).glyph).toBe('working');
  });
});

describe('a task', () => {
  it.each(taskStates)('in %s is healthy only when it runs on a machine that is heard', (state) => {
    expect(taskGlyph(state, true) === 'healthy').toBe(state === 'TASK_RUNNING');
    expect(taskGlyph(state, false)).not.toBe('healthy');
  });

  it.each(taskStates)('in %s keeps its end on a silent machine, and is unknown otherwise', (state) => {
    expect(taskGlyph(state, false) === 'unknown').toBe(!terminalTaskStates.has(state));
  });
});
