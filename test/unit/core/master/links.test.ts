import { describe, expect, it } from 'vitest';
import { linkMoves } from '../../../../electron/core/master/link-states.ts';
import {
  agentId,
  aHello,
  aMachine,
  anAgentTask,
  aSample,
  machineId,
  noRoute,
  taskId,
} from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';

const one = machineId('one');

function live(): CoreRig {
  const rig = new CoreRig({ machines: [aMachine('one')] });
  rig.post(aHello('one'));
  rig.take();
  return rig;
}

/** A sample each second, as an agent sends them. */
function hear(rig: CoreRig, seconds: number): void {
  for (let n = 0; n < seconds; n += 1) {
    rig.pass(1000);
    rig.post({ kind: 'sample-received', machineId: one, sample: aSample({ seq: n }) });
  }
}

describe('links', () => {
  it('are tried for every machine at the start', () => {
    const rig = new CoreRig({ machines: [aMachine('one'), aMachine('two')] });
    expect(rig.take().map((effect) => effect.kind)).toEqual(['connect', 'connect']);
    expect(rig.row('links', one).phase).toBe('connecting');
  });

  it('become live with a hello, which registers the agent', () => {
    const rig = live();
    expect(rig.row('links', one)).toMatchObject({ phase: 'live', problem: null, roundTripMs: 1 });
    expect(rig.row('agents', agentId('one')).state).toEqual({ kind: 'active' });
    expect(rig.row('machines', one).agentId).toBe(agentId('one'));
  });

  it('are silent after 3.5 s without a word, and live again with the next', () => {
    const rig = live();
    rig.pass(3499);
    expect(rig.row('links', one).phase).toBe('live');
    rig.pass(1);
    expect(rig.row('links', one).phase).toBe('silent');
    rig.post({ kind: 'link-heard', machineId: one, roundTripMs: 4 });
    expect(rig.row('links', one)).toMatchObject({ phase: 'live', roundTripMs: 4 });
  });

  it('stay live for as long as samples come, and such steps write nothing durable', () => {
    const rig = live();
    hear(rig, 60);
    expect(rig.row('links', one).phase).toBe('live');
    const { diff } = rig.post({ kind: 'sample-received', machineId: one, sample: aSample() });
    expect(Object.keys(diff).sort()).toEqual(['links', 'samples']);
  });

  it('back off with jitter: first at most 250 ms, then longer, never over 15 s', () => {
    const rig = new CoreRig({ machines: [aMachine('one')] });
    rig.take();
    const delays: number[] = [];
    for (let n = 0; n < 10; n += 1) {
      const before = rig.monoMs;
      rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
      while (rig.row('links', one).phase === 'down') rig.pass(1);
      delays.push(rig.monoMs - before);
    }
    expect(delays[0]).toBeLessThanOrEqual(250);
    expect(delays[0]).toBeGreaterThanOrEqual(125);
    expect(delays[9]).toBeLessThanOrEqual(15_000);
    expect(delays[9]).toBeGreaterThanOrEqual(7500);
    expect(rig.kinds()).toEqual(Array.from({ length: 10 }, () => 'connect'));
  });

  it('keep their back-off while flapping, and forget it after a steady time', () => {
    const rig = live();
    for (let n = 0; n < 5; n += 1) {
      rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
      while (rig.row('links', one).phase === 'down') rig.pass(1);
      rig.post(aHello('one'));
      hear(rig, 1);
    }
    const flapping = rig
      .post({ kind: 'link-down', machineId: one, refusal: noRoute })
      .state.session.links.get(one);
    expect(flapping?.failures).toBe(6);
    while (rig.row('links', one).phase === 'down') rig.pass(1);
    rig.post(aHello('one'));
    hear(rig, 6);
    const steady = rig
      .post({ kind: 'link-down', machineId: one, refusal: noRoute })
      .state.session.links.get(one);
    expect(steady?.failures).toBe(1);
  });

  it.each(['host-key-changed', 'lease-held', 'login-refused', 'wire-version'])(
    'stop at %s until somebody asks',
    (reason) => {
      const rig = live();
      rig.post({ kind: 'link-down', machineId: one, refusal: { code: 'conflict', reason, detail: '' } });
      rig.pass(600_000);
      expect(rig.row('links', one)).toMatchObject({
        phase: 'stopped',
        problem: { reason },
        nextTryAtMs: null,
      });
      expect(rig.take()).toEqual([]);
      expect(rig.ask({ kind: 'reconnect', machineId: one })).toBeNull();
      expect(rig.kinds()).toEqual(['connect']);
    },
  );

  it('give up an attempt that is never answered, and try again', () => {
    const rig = new CoreRig({ machines: [aMachine('one')] });
    rig.take();
    rig.pass(60_000);
    expect(rig.row('links', one)).toMatchObject({ phase: 'down', problem: { reason: 'connect-timeout' } });
    rig.pass(250);
    expect(rig.kinds()).toEqual(['disconnect', 'connect']);
  });

  it('reconnect at once on request', () => {
    const rig = live();
    rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
    rig.take();
    expect(rig.ask({ kind: 'reconnect', machineId: one })).toBeNull();
    expect(rig.kinds()).toEqual(['connect']);
    expect(rig.ask({ kind: 'reconnect', machineId: machineId('nobody') })?.code).toBe('not-found');
  });

  it('ignore what an old connection still says', () => {
    const rig = live();
    rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
    rig.post({ kind: 'sample-received', machineId: one, sample: aSample() });
    expect(rig.has('samples', one)).toBe(false);
    expect(rig.notes.map((note) => note.verb)).toContain('ignore-late-message');
  });
});

describe('an agent out of reach', () => {
  function withTask(): CoreRig {
    const rig = live();
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_RUNNING')] }));
    return rig;
  }

  it('is unreachable after the limit of the settings, with its tasks, and nothing counts as failed', () => {
    const rig = withTask();
    rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
    rig.pass(9999);
    expect(rig.row('agents', agentId('one')).state.kind).toBe('active');
    rig.pass(1);
    expect(rig.row('agents', agentId('one')).state.kind).toBe('unreachable');
    expect(rig.row('tasks', taskId('job'))).toMatchObject({ state: 'TASK_UNREACHABLE', endedAtMs: null });
  });

  it('returns with its tasks as they are', () => {
    const rig = withTask();
    const running = rig.row('tasks', taskId('job')).statuses.at(-1);
    rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
    rig.pass(60_000);
    const held = { ...anAgentTask('job', 'TASK_RUNNING'), status: running as NonNullable<typeof running> };
    rig.post(aHello('one', { tasks: [held] }));
    expect(rig.row('agents', agentId('one')).state.kind).toBe('active');
    expect(rig.row('tasks', taskId('job'))).toMatchObject({ state: 'TASK_RUNNING', endedAtMs: null });
    expect(rig.row('tasks', taskId('job')).statuses.at(-1)).toMatchObject({
      source: 'SOURCE_MASTER',
      reason: 'REASON_AGENT_REREGISTERED',
      uuid: null,
    });
  });

  it('keeps to a longer limit when the settings say so', () => {
    const rig = withTask();
    rig.ask({ kind: 'change-settings', settings: { unreachableAfterMs: 60_000 } });
    rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
    rig.pass(59_999);
    expect(rig.row('agents', agentId('one')).state.kind).toBe('active');
    rig.pass(1);
    expect(rig.row('agents', agentId('one')).state.kind).toBe('unreachable');
  });

  it('is not blamed for the sleep of this computer', () => {
    const rig = withTask();
    rig.atMs += 3 * 86_400_000;
    rig.monoMs += 86_400_000;
    rig.post({ kind: 'woke-up', asleepMs: 3 * 86_400_000 });
    rig.pass(3000);
    expect(rig.row('links', one).phase).toBe('live');
    expect(rig.row('agents', agentId('one')).state.kind).toBe('active');
    rig.pass(7000);
    expect(rig.row('agents', agentId('one')).state.kind).toBe('unreachable');
  });

  it('is tried at once when this computer wakes up', () => {
    const rig = withTask();
    for (let n = 0; n < 6; n += 1) {
      rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
      rig.pass(20_000);
    }
    rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
    rig.take();
    rig.post({ kind: 'woke-up', asleepMs: 60_000 });
    expect(rig.kinds()).toEqual(['connect']);
  });

  it('is gone with its tasks when the machine answers with a new agent', () => {
    const rig = withTask();
    rig.post(aHello('one', { agentId: agentId('reborn') }));
    expect(rig.row('agents', agentId('one')).state.kind).toBe('gone');
    expect(rig.row('tasks', taskId('job')).state).toBe('TASK_GONE');
    expect(rig.row('machines', one).agentId).toBe(agentId('reborn'));
  });

  it('that was declared gone is refused for ever: its tasks have ended here', () => {
    const rig = withTask();
    rig.post(aHello('one', { agentId: agentId('reborn') }));
    rig.take();
    rig.post(aHello('one'));
    expect(rig.row('links', one)).toMatchObject({ phase: 'stopped', problem: { reason: 'agent-gone' } });
    expect(rig.row('tasks', taskId('job')).state).toBe('TASK_GONE');
    expect(rig.kinds()).toEqual(['disconnect']);
  });

  it('comes back by a fresh hello only, also when its old connection speaks again', () => {
    const rig = withTask();
    rig.take();
    rig.pass(10_000);
    expect(rig.row('agents', agentId('one')).state.kind).toBe('unreachable');
    expect(rig.kinds()).toEqual(['disconnect', 'connect']);
    rig.post({ kind: 'sample-received', machineId: one, sample: aSample() });
    expect(rig.row('agents', agentId('one')).state.kind).toBe('unreachable');
    rig.post(aHello('one', { tasks: [anAgentTask('job', 'TASK_RUNNING')] }));
    expect(rig.row('agents', agentId('one')).state.kind).toBe('active');
    expect(rig.row('tasks', taskId('job')).state).toBe('TASK_RUNNING');
  });

  it('is refused when it belongs to another machine: a copied disk must not mix', () => {
    const rig = new CoreRig({ machines: [aMachine('one'), aMachine('two')] });
    rig.post(aHello('one'));
    rig.take();
    rig.post({ ...aHello('two'), agentId: agentId('one') });
    expect(rig.kinds()).toEqual(['disconnect']);
    expect(rig.row('links', machineId('two'))).toMatchObject({
      phase: 'stopped',
      problem: { code: 'conflict', reason: 'already-added', detail: 'one' },
    });
  });
});

it('a link can only make the moves of its table', () => {
  expect(linkMoves.stopped).toEqual(['connecting']);
  expect(Object.values(linkMoves).every((moves) => moves.length > 0)).toBe(true);
});
