import { describe, expect, it } from 'vitest';
import { agentId, aHello, aMachine, anAgentTask, taskId } from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';
import {
  liveRig as live,
  lostOne as lost,
  one,
  runOnOne as run,
  updateFromOne as update,
} from '../../../support/task-rig.ts';

const job = taskId('job');

describe('reconciliation at a hello', () => {
  it('adopts what only the agent knows, so that a lost database comes back', () => {
    const rig = live();
    rig.post(
      aHello('one', { tasks: [anAgentTask('job', 'TASK_RUNNING'), anAgentTask('old', 'TASK_FAILED')] }),
    );
    expect(rig.row('tasks', job)).toMatchObject({
      state: 'TASK_RUNNING',
      machineId: one,
      agentId: agentId('one'),
    });
    expect(rig.row('tasks', taskId('old'))).toMatchObject({ state: 'TASK_FAILED' });
    expect(rig.row('tasks', taskId('old')).endedAtMs).not.toBeNull();
  });

  it('does not adopt a state that only a master may give', () => {
    const rig = live();
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_UNREACHABLE')] }));
    expect(rig.has('tasks', job)).toBe(false);
  });

  it('declares a running task gone when the agent does not know it any more', () => {
    const rig = live();
    rig.ask(run());
    rig.post(update('job', 'TASK_RUNNING'));
    rig.post(aHello('one'));
    expect(rig.row('tasks', job).statuses.at(-1)).toMatchObject({
      state: 'TASK_GONE',
      reason: 'REASON_RECONCILIATION',
      source: 'SOURCE_MASTER',
    });
  });

  it('takes the newer state of the agent, also one it has missed for long', () => {
    const rig = live();
    rig.ask(run());
    rig.post(lost);
    rig.pass(60_000);
    expect(rig.row('tasks', job).state).toBe('TASK_UNREACHABLE');
    const held = anAgentTask('job', 'TASK_FAILED', { exitCode: 3 });
    rig.post(aHello('one', { tasks: [{ ...held, startedAtMs: 5, endedAtMs: 9 }] }));
    expect(rig.row('tasks', job)).toMatchObject({ state: 'TASK_FAILED', startedAtMs: 5, endedAtMs: 9 });
    expect(rig.row('operations', 'o-run-job').stage).toBe('seen');
  });

  it('launches again what was never seen there, even after it was unreachable', () => {
    const rig = live();
    rig.ask(run());
    rig.post(lost);
    rig.pass(60_000);
    rig.take();
    rig.post(aHello('one'));
    expect(rig.row('tasks', job).state).toBe('TASK_STAGING');
    expect(rig.kinds()).toEqual(['send-launch']);
  });

  it('leaves alone a task with the same id that belongs to another agent', () => {
    const rig = new CoreRig({ machines: [aMachine('one'), aMachine('two')] });
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_RUNNING')] }));
    rig.post(aHello('two', { tasks: [anAgentTask('job', 'TASK_FAILED')] }));
    expect(rig.row('tasks', job)).toMatchObject({ state: 'TASK_RUNNING', machineId: one });
    expect(rig.notes.map((note) => note.verb)).toContain('ignore-foreign-task');
  });

  it('says unknown, not lost, of a returned task whose state makes no sense', () => {
    const rig = live();
    rig.ask(run());
    rig.post(update('job', 'TASK_RUNNING'));
    rig.post(lost);
    rig.pass(60_000);
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_GONE_BY_OPERATOR')] }));
    expect(rig.row('tasks', job)).toMatchObject({ state: 'TASK_UNKNOWN', endedAtMs: null });
    rig.post(update('job', 'TASK_FINISHED'));
    expect(rig.row('tasks', job).state).toBe('TASK_FINISHED');
  });
});
