// What people and time did to roles, machines and frameworks stands in the activity list, once, as seen.
import { describe, expect, it } from 'vitest';
import { operationIdSchema } from '../../../../electron/contract/ids.ts';
import type { Posted } from '../../../../electron/core/kernel/events.ts';
import { frameworkId, machineId } from '../../../support/builders.ts';
import { batch, FrameworkRig, launch } from '../../../support/framework-rig.ts';

const one = machineId('one');
const machineName = (rig: FrameworkRig): string => rig.row('machines', one).name;

/** The newest last. */
const listed = (rig: FrameworkRig): (readonly [string, string, string])[] =>
  [...rig.state.tables.operations.values()]
    .sort((a, b) => a.askedAtMs - b.askedAtMs || a.id.localeCompare(b.id, 'en', { numeric: true }))
    .map(({ verb, subject, stage }) => [verb, subject, stage]);

const role = (patch: Partial<Extract<Posted, { kind: 'change-role' }>> = {}): Posted => ({
  kind: 'change-role',
  role: 'eng',
  weightMilli: 1000,
  quota: null,
  force: false,
  ...patch,
});

describe('the activity list', () => {
  it('has what was changed of a role, and nothing when nothing was', () => {
    const rig = FrameworkRig.live();
    rig.ask(role());
    rig.ask(role());
    rig.ask(role({ weightMilli: 2500, preemption: { lowerPriority: true, aboveFairShare: false } }));
    rig.ask({ kind: 'set-weight', role: 'eng', weightMilli: 1000 });
    rig.ask({ kind: 'remove-role', role: 'eng' });
    expect(listed(rig)).toEqual([
      ['make-role', 'eng', 'seen'],
      ['change-role', 'eng', 'seen'],
      ['change-role', 'eng', 'seen'],
      ['remove-role', 'eng', 'seen'],
    ]);
    const rows = [...rig.state.tables.operations.values()];
    expect(rows.map(({ change }) => change)).toContainEqual({
      weightMilli: { from: 1000, to: 2500 },
      quota: false,
      preemption: true,
    });
    for (const { id } of rows) expect(operationIdSchema.safeParse(id).success).toBe(true);
  });

  it('has what was refused: what was asked, of whom, and why not', () => {
    const rig = FrameworkRig.live();
    rig.subscribe();
    const elsewhere = machineId('nowhere');
    const amounts = { cpusMilli: 1_000_000, memMib: 0, diskMib: 0, gpus: 0 };
    const over = { startMs: rig.atMs - 5000, durationMs: 1000, note: '' };
    const unlimited = { cpusMilli: null, memMib: null, diskMib: null, gpus: null };
    const quota = { guarantee: amounts, limit: unlimited };
    const refused: readonly Posted[] = [
      role({ weightMilli: 0 }),
      role({ quota }),
      { kind: 'set-weight', role: 'ops', weightMilli: -1 },
      { kind: 'set-quota', role: 'ops', quota, force: false },
      { kind: 'set-preemption', role: '..', preemption: null },
      { kind: 'remove-role', role: 'eng' },
      { kind: 'partition-machine', machineId: one, slices: [{ role: 'lab', amounts }] },
      { kind: 'plan-maintenance', machineId: one, window: over },
      { kind: 'plan-maintenance', machineId: elsewhere, window: null },
      { kind: 'deactivate-agent', machineId: elsewhere },
      { kind: 'reactivate-agent', machineId: elsewhere },
      { kind: 'teardown-framework', frameworkId: frameworkId('nobody') },
    ];
    const reasons = refused.map((event) => rig.ask(event)?.reason);
    const rows = [...rig.state.tables.operations.values()];
    expect(listed(rig)).toEqual([
      ['make-role', 'eng', 'asked'],
      ['make-role', 'eng', 'asked'],
      ['change-role', 'ops', 'asked'],
      ['change-role', 'ops', 'asked'],
      ['change-role', '..', 'asked'],
      ['remove-role', 'eng', 'asked'],
      ['partition-machine', machineName(rig), 'asked'],
      ['plan-maintenance', machineName(rig), 'asked'],
      ['call-off-maintenance', elsewhere, 'asked'],
      ['pause-agent', elsewhere, 'asked'],
      ['resume-agent', elsewhere, 'asked'],
      ['teardown-framework', frameworkId('nobody'), 'asked'],
    ]);
    const byOrder = rows.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
    expect(byOrder.map(({ refusal }) => refusal?.reason)).toEqual(reasons);
    expect(reasons).not.toContain(undefined);
    expect(byOrder.map(({ change }) => change).slice(0, 3)).toEqual([
      { weightMilli: { from: 1000, to: 0 }, quota: false, preemption: false },
      { quota: true, preemption: false },
      { weightMilli: { from: 1000, to: -1 }, quota: false, preemption: false },
    ]);
    rig.ask({ kind: 'teardown-framework', frameworkId: batch });
    rig.ask({ kind: 'teardown-framework', frameworkId: batch });
    expect(listed(rig).slice(-2)).toEqual([
      ['teardown-framework', 'batch', 'seen'],
      ['teardown-framework', 'batch', 'asked'],
    ]);
  });

  it('has pauses and slices of machines, once', () => {
    const rig = FrameworkRig.live();
    const amounts = { cpusMilli: 1000, memMib: 0, diskMib: 0, gpus: 0 };
    const slices = [{ role: 'lab', amounts }];
    rig.ask({ kind: 'reactivate-agent', machineId: one });
    for (const _ of [1, 2]) rig.ask({ kind: 'deactivate-agent', machineId: one });
    rig.ask({ kind: 'reactivate-agent', machineId: one });
    for (const _ of [1, 2]) rig.ask({ kind: 'partition-machine', machineId: one, slices });
    expect(listed(rig)).toEqual([
      ['pause-agent', machineName(rig), 'seen'],
      ['resume-agent', machineName(rig), 'seen'],
      ['partition-machine', machineName(rig), 'seen'],
    ]);
  });

  it('has a maintenance from its plan to its end, whoever ends it', () => {
    const rig = FrameworkRig.live();
    const plan = (startsInMs: number): Posted => ({
      kind: 'plan-maintenance',
      machineId: one,
      window: { startMs: rig.atMs + startsInMs, durationMs: 2000, note: '' },
    });
    rig.ask(plan(1000));
    rig.keepLive(4000, 'one');
    rig.ask(plan(60_000));
    rig.ask({ kind: 'plan-maintenance', machineId: one, window: null });
    rig.ask({ kind: 'plan-maintenance', machineId: one, window: null });
    expect(listed(rig).map(([verb]) => verb)).toEqual([
      'plan-maintenance',
      'begin-maintenance',
      'end-maintenance',
      'plan-maintenance',
      'call-off-maintenance',
    ]);
  });

  it('has the end of a framework and by whom, when that ends tasks or a person wanted it', () => {
    const ends = (end: (rig: FrameworkRig) => void, isBusy: boolean): unknown => {
      const rig = FrameworkRig.live();
      rig.subscribe();
      if (isBusy) rig.accept(rig.offer(), launch('job'));
      end(rig);
      return listed(rig);
    };
    const person = (rig: FrameworkRig) => rig.ask({ kind: 'teardown-framework', frameworkId: batch });
    const itself = (rig: FrameworkRig) => rig.call({ kind: 'TEARDOWN', frameworkId: batch });
    const lost = (rig: FrameworkRig) => {
      rig.post({ kind: 'scheduler-disconnected', frameworkId: batch, streamId: 's1' });
      rig.keepLive(61_000, 'one');
    };
    expect(ends(person, true)).toEqual([['teardown-framework', 'batch', 'seen']]);
    expect(ends(person, false)).toEqual([['teardown-framework', 'batch', 'seen']]);
    expect(ends(itself, true)).toEqual([['framework-left', 'batch', 'seen']]);
    expect(ends(itself, false)).toEqual([]);
    expect(ends(lost, true)).toEqual([['framework-lost', 'batch', 'seen']]);
  });
});
