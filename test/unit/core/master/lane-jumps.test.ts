import { describe, expect, it } from 'vitest';
import type { jumpedEnrolmentSteps } from '../../../../electron/contract/enrolment.ts';
import type { HostKey } from '../../../../electron/contract/machine.ts';
import type { Learned, Posted, StepOutcome } from '../../../../electron/core/kernel/events.ts';
import { aHello, aHostKey, aMachine, aSample, machineId, operationId } from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';

const one = machineId('one');
const key = aHostKey('one');
const gateKey = aHostKey('gate');
const secondKey = aHostKey('second');

const gate = { address: 'gate', port: 22, user: 'ada', login: { kind: 'password' } } as const;
const second = { address: 'second', port: 2222, user: 'ada', login: { kind: 'ssh-agent' } } as const;
const add: Posted = {
  kind: 'add-machine',
  machineId: one,
  operationId: operationId('add'),
  name: '',
  address: '10.0.0.5',
  port: 22,
  user: 'ada',
  credentials: 'login',
  jumps: [gate, second],
};
const retry: Posted = { kind: 'retry-add', machineId: one, operationId: operationId('retry') };

function answer(rig: CoreRig, step: (typeof jumpedEnrolmentSteps)[number], outcome: StepOutcome): void {
  const attempt = rig.state.session.lanes.get(one)?.attempt ?? 0;
  const said = { ran: `run ${step}`, answered: `did ${step}`, tookMs: 1 };
  rig.post({ kind: 'lane-step-finished', machineId: one, attempt, step, ...said, outcome });
}
const learned = (what: Learned): StepOutcome => ({ kind: 'done', learned: what });
const confirm = (rig: CoreRig, hostKey: HostKey) =>
  rig.ask({ kind: 'confirm-host-key', machineId: one, hostKey });
const jumpStep = (rig: CoreRig) => rig.row('lanes', one).steps[0];

/** Both jump hosts are confirmed and passed. */
function passed(request: Posted = add): CoreRig {
  const rig = new CoreRig();
  rig.ask(request);
  for (const shown of [gateKey, secondKey]) {
    answer(rig, 'jumps', learned({ jumpKey: shown }));
    confirm(rig, shown);
  }
  answer(rig, 'jumps', learned({}));
  return rig;
}

/** The whole lane, with its first sample. */
function added(): CoreRig {
  const rig = passed();
  answer(rig, 'reach', learned({}));
  answer(rig, 'identify', learned({ hostKey: key }));
  confirm(rig, key);
  answer(rig, 'login', learned({ login: { kind: 'own-key' }, keyPlanted: true }));
  answer(rig, 'privileges', learned({ hostname: 'inner' }));
  answer(rig, 'space', learned({ agentDir: '/home/ada/.mesolite' }));
  answer(rig, 'upload', learned({}));
  answer(rig, 'start', learned({}));
  return rig;
}

describe('a machine behind jump hosts', () => {
  it('asks for the key of each in turn, and no credential leaves for one before', () => {
    const rig = new CoreRig();
    rig.ask(add);
    expect(rig.take()).toMatchObject([
      { step: 'jumps', context: { jumps: [{ address: 'gate', hostKey: null }, { hostKey: null }] } },
    ]);
    answer(rig, 'jumps', learned({ jumpKey: gateKey }));
    expect(rig.take()).toEqual([]);
    const place = { address: 'gate', port: 22, user: 'ada' };
    expect(rig.row('lanes', one)).toMatchObject({ state: 'needs-you', hostKey: gateKey, jump: place });
    expect(confirm(rig, gateKey)).toBeNull();
    expect(rig.row('lanes', one)).toMatchObject({ state: 'running', hostKey: null, jump: null });
    expect(jumpStep(rig)?.state).toBe('working');
    expect(rig.take()).toMatchObject([
      { step: 'jumps', context: { jumps: [{ hostKey: gateKey }, { hostKey: null }] } },
    ]);
    answer(rig, 'jumps', learned({ jumpKey: secondKey }));
    expect(rig.row('lanes', one).jump).toEqual({ address: 'second', port: 2222, user: 'ada' });
    confirm(rig, secondKey);
    rig.take();
    answer(rig, 'jumps', learned({}));
    expect(jumpStep(rig)?.state).toBe('done');
    expect(rig.take()).toMatchObject([
      { step: 'reach', context: { jumps: [{ hostKey: gateKey }, { hostKey: secondKey }] } },
    ]);
  });

  it('keeps the way with the machine, and the passwords of the way in memory', () => {
    const rig = added();
    expect(rig.row('machines', one).via).toMatchObject({
      address: '10.0.0.5',
      jumps: [
        { ...gate, hostKey: gateKey },
        { ...second, hostKey: secondKey },
      ],
    });
    rig.post(aHello('one'));
    rig.take();
    rig.post({ kind: 'sample-received', machineId: one, sample: aSample() });
    expect(rig.take()).toEqual([{ kind: 'drop-secrets', machineId: one, keepsJumps: true }]);
  });

  it('does not confirm a key that is not the one on the screen', () => {
    const rig = new CoreRig();
    rig.ask(add);
    answer(rig, 'jumps', learned({ jumpKey: gateKey }));
    expect(confirm(rig, secondKey)).toMatchObject({ reason: 'other-host-key' });
  });

  it('trusts what is pinned for a jump host, and does not ask again on a retry', () => {
    const rig = added();
    rig.post({ ...add, machineId: machineId('two'), address: '10.0.0.6', operationId: operationId('two') });
    rig.take();
    const said = { attempt: 1, step: 'jumps', ran: '', answered: '', tookMs: 1 } as const;
    rig.post({
      kind: 'lane-step-finished',
      machineId: machineId('two'),
      ...said,
      outcome: learned({ jumpKey: gateKey }),
    });
    expect(rig.take()).toMatchObject([
      { step: 'jumps', context: { jumps: [{ hostKey: gateKey }, { hostKey: null }] } },
    ]);
  });

  it('H1: stops at a jump host that shows another key than the pinned one, and names it', () => {
    const known = aMachine('known', {}, { address: 'GATE', hostKey: secondKey });
    const rig = new CoreRig({ machines: [known] });
    rig.ask(add);
    answer(rig, 'jumps', learned({ jumpKey: gateKey }));
    const lane = rig.row('lanes', one);
    expect(lane).toMatchObject({
      state: 'failed',
      hostKey: gateKey,
      pinnedHostKey: secondKey,
      jump: { address: 'gate' },
    });
    expect(lane.steps[0]?.refusal).toMatchObject({ reason: 'host-key-changed' });
    expect(lane.steps[0]?.refusal?.detail).toContain('jump host ada@gate:22');
  });

  it('counts refused logins at jump hosts as those at the machine', () => {
    const rig = new CoreRig();
    rig.ask(add);
    const refused: StepOutcome = {
      kind: 'failed',
      refusal: { code: 'unauthorized', reason: 'login-refused', detail: 'jump host ada@gate:22: no' },
    };
    answer(rig, 'jumps', refused);
    rig.post({ kind: 'lane-cleaned-up', machineId: one, attempt: 1 });
    expect(rig.ask(retry)).toBeNull();
    answer(rig, 'jumps', refused);
    expect(jumpStep(rig)?.refusal?.reason).toBe('login-refused-twice');
  });

  it('is another machine than the one with the same address elsewhere', () => {
    const rig = added();
    const elsewhere = { ...add, machineId: machineId('two'), operationId: operationId('two') };
    expect(rig.ask(elsewhere)).toMatchObject({ reason: 'already-added' });
    expect(rig.ask({ ...elsewhere, jumps: [gate] })).toBeNull();
    expect(rig.ask({ ...elsewhere, machineId: machineId('three'), jumps: [] })).toBeNull();
  });
});
