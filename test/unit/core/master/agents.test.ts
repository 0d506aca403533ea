// What an agent says of itself and when it falls silent: fewer resources than its tasks hold, and many machines at once.
import { describe, expect, it } from 'vitest';
import {
  aHello,
  aMachine,
  anAgentTask,
  machineId,
  noRoute,
  someResources,
} from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';
import { FrameworkRig, launch } from '../../../support/framework-rig.ts';
import { updateFromOne } from '../../../support/task-rig.ts';

describe('an agent that comes back smaller', () => {
  it('keeps its tasks, is offered no more than it has, and more than it has only again when it grows', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    rig.accept(rig.offer(), launch('job', { cpusMilli: 3000, memMib: 1024 }));
    rig.post(updateFromOne('job', 'TASK_RUNNING'));
    rig.keepLive(6000, 'one');
    const held = anAgentTask('job', 'TASK_RUNNING');
    rig.post(aHello('one', { resources: someResources({ cpusMilli: 2000 }), tasks: [held] }));
    expect(rig.row('tasks', 't-job')).toMatchObject({ state: 'TASK_RUNNING', killAskedAtMs: null });
    expect(rig.row('agents', 'a-one').resources.cpusMilli).toBe(2000);
    rig.keepLive(6000, 'one');
    for (const offer of rig.offers()) {
      expect(offer.resources.map(({ amounts }) => amounts.cpusMilli)).toEqual([0]);
    }
    rig.post(aHello('one', { resources: someResources({ cpusMilli: 8000 }), tasks: [held] }));
    rig.keepLive(6000, 'one');
    expect(rig.offers().map(({ resources }) => resources[0]?.amounts.cpusMilli)).toEqual([5000]);
  });
});

describe('many machines that fall silent together', () => {
  const names = ['one', 'two', 'three', 'four', 'five'];
  function live(): CoreRig {
    const rig = new CoreRig({ machines: names.map((name) => aMachine(name)) });
    for (const name of names) rig.post(aHello(name));
    return rig;
  }
  const away = (rig: CoreRig): number =>
    [...rig.state.tables.agents.values()].filter(({ state }) => state.kind === 'unreachable').length;
  const cut = (rig: CoreRig, some: readonly string[]): void => {
    for (const name of some) rig.post({ kind: 'link-down', machineId: machineId(name), refusal: noRoute });
  };

  it('are called unreachable one after the other, so that a broken switch does not take all', () => {
    const rig = live();
    cut(rig, names);
    rig.pass(10_000);
    expect(away(rig)).toBe(1);
    rig.pass(9_999);
    expect(away(rig)).toBe(1);
    rig.pass(1);
    expect(away(rig)).toBe(2);
    for (const name of names.slice(2)) rig.post(aHello(name));
    rig.pass(2000);
    expect(away(rig)).toBeLessThanOrEqual(2);
  });

  it('but the few that fail by themselves are called so at once', () => {
    const rig = live();
    cut(rig, ['one']);
    for (let n = 0; n < 12; n += 1) {
      rig.pass(1000);
      for (const name of names.slice(1))
        rig.post({ kind: 'link-heard', machineId: machineId(name), roundTripMs: 1 });
    }
    expect(away(rig)).toBe(1);
  });

  it('and when the others are back, the one that stays away is called so without waiting on', () => {
    const rig = live();
    cut(rig, ['one', 'two']);
    for (let n = 0; n < 10; n += 1) {
      rig.pass(1000);
      for (const name of names.slice(2))
        rig.post({ kind: 'link-heard', machineId: machineId(name), roundTripMs: 1 });
    }
    expect(away(rig)).toBe(1);
    const isFirst = rig.row('agents', 'a-one').state.kind === 'unreachable';
    rig.post(aHello(isFirst ? 'one' : 'two'));
    expect(away(rig)).toBe(0);
    rig.pass(1);
    expect(away(rig)).toBe(1);
  });
});
