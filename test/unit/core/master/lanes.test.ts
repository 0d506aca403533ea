import { describe, expect, it } from 'vitest';
import { enrolmentSteps } from '../../../../electron/contract/enrolment.ts';
import type { Refusal } from '../../../../electron/contract/errors.ts';
import type { Learned, Posted, StepOutcome } from '../../../../electron/core/kernel/events.ts';
import {
  agentId,
  aHello,
  aHostKey,
  aMachine,
  aSample,
  machineId,
  noRoute,
  operationId,
} from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';

const one = machineId('one');
const key = aHostKey('one');

const add: Posted = {
  kind: 'add-machine',
  machineId: one,
  operationId: operationId('add'),
  name: '',
  address: 'one.lan',
  port: 22,
  user: 'ada',
  credentials: 'password',
};
const retry: Posted = { kind: 'retry-add', machineId: one, operationId: operationId('retry') };
const confirm: Posted = { kind: 'confirm-host-key', machineId: one, hostKey: key };
const cancel: Posted = { kind: 'cancel-add', machineId: one };
const dismiss: Posted = { kind: 'dismiss-lane', machineId: one };

const learnedBy: Readonly<Record<string, Learned>> = {
  identify: { hostKey: key },
  login: { login: { kind: 'own-key' }, keyPlanted: true },
  privileges: { hostname: 'host1', sudo: false },
  space: { agentDir: '/home/ada/.mesolite' },
};

function answer(rig: CoreRig, step: string, outcome?: StepOutcome): void {
  const attempt = rig.state.session.lanes.get(one)?.attempt ?? 0;
  rig.post({
    kind: 'lane-step-finished',
    machineId: one,
    attempt,
    step: step as (typeof enrolmentSteps)[number],
    ran: `run ${step}`,
    answered: `did ${step}`,
    tookMs: 12,
    outcome: outcome ?? { kind: 'done', learned: learnedBy[step] ?? {} },
  });
}

const fail = (refusal: Partial<Refusal> = {}): StepOutcome => ({
  kind: 'failed',
  refusal: { code: 'unreachable', reason: 'closed-port', detail: 'refused', ...refusal },
});
const loginRefused = fail({ code: 'unauthorized', reason: 'password-refused' });

/** Walks the lane up to and including this step. */
function upTo(last: string): CoreRig {
  const rig = new CoreRig();
  expect(rig.ask(add)).toBeNull();
  for (const step of ['reach', 'identify', 'host-key', 'login', 'privileges', 'space', 'upload', 'start']) {
    if (step === 'host-key') rig.ask(confirm);
    else answer(rig, step);
    if (step === last) break;
  }
  return rig;
}

/** The lane with this step at work. */
function atWork(step: string): CoreRig {
  const previous = enrolmentSteps[enrolmentSteps.findIndex((name) => name === step) - 1];
  if (previous) return upTo(previous);
  const rig = new CoreRig();
  rig.ask(add);
  return rig;
}

const stepStates = (rig: CoreRig): string =>
  rig
    .row('lanes', one)
    .steps.map((step) => step.state)
    .join(' ');

describe('adding a machine', () => {
  it('runs one step after the other and asks the person about the fingerprint', () => {
    const rig = new CoreRig();
    rig.ask(add);
    expect(rig.take()).toMatchObject([
      { kind: 'run-enrolment-step', step: 'reach', context: { attempt: 1, hostKey: null } },
    ]);
    answer(rig, 'reach');
    expect(rig.take()).toMatchObject([{ step: 'identify' }]);
    answer(rig, 'identify');
    expect(rig.take()).toEqual([]);
    expect(rig.row('lanes', one)).toMatchObject({ state: 'needs-you', hostKey: key, pinnedHostKey: null });
    expect(rig.ask(confirm)).toBeNull();
    expect(rig.take()).toMatchObject([
      { step: 'login', context: { hostKey: key, learned: { hostKey: key } } },
    ]);
    expect(rig.row('lanes', one).state).toBe('running');
  });

  it('keeps of each step what ran, what it answered and how long it took', () => {
    const rig = upTo('reach');
    expect(rig.row('lanes', one).steps[0]).toMatchObject({
      name: 'reach',
      state: 'done',
      ran: 'run reach',
      answered: 'did reach',
      tookMs: 12,
    });
  });

  it('makes the machine when the agent was started, and is done with its first sample', () => {
    const rig = upTo('start');
    expect(rig.row('machines', one)).toMatchObject({
      name: 'host1',
      agentId: null,
      via: {
        kind: 'ssh',
        address: 'one.lan',
        hostKey: key,
        keyPlanted: true,
        agentDir: '/home/ada/.mesolite',
      },
    });
    expect(rig.take().at(-1)).toMatchObject({ kind: 'connect', machine: { id: one } });
    rig.post(aHello('one'));
    expect(rig.row('lanes', one).state).toBe('running');
    rig.pass(700);
    rig.post({ kind: 'sample-received', machineId: one, sample: aSample() });
    expect(rig.row('lanes', one)).toMatchObject({ state: 'done', endedAtMs: rig.atMs });
    expect(rig.row('lanes', one).steps.at(-1)).toMatchObject({ state: 'done', tookMs: 700 });
    expect(rig.take()).toEqual([{ kind: 'drop-secrets', machineId: one }]);
    expect(rig.row('operations', 'o-add').stage).toBe('seen');
    expect(rig.ask(dismiss)).toBeNull();
    expect(rig.has('machines', one)).toBe(true);
  });

  it('takes a step that was skipped for done', () => {
    const rig = upTo('space');
    answer(rig, 'upload', { kind: 'skipped' });
    expect(rig.row('lanes', one).steps[6]?.state).toBe('skipped');
    expect(rig.take().at(-1)).toMatchObject({ step: 'start' });
  });

  it('is refused for a key that is not the one shown', () => {
    const rig = upTo('identify');
    expect(rig.ask({ ...confirm, hostKey: aHostKey('evil') })).toMatchObject({
      reason: 'other-host-key',
    });
    expect(rig.row('lanes', one).state).toBe('needs-you');
  });

  it.each(['reach', 'identify', 'login', 'privileges', 'space', 'upload', 'start'])(
    'that fails at %s says why, cleans up and keeps nothing',
    (step) => {
      const rig = atWork(step);
      rig.take();
      answer(rig, step, fail());
      expect(rig.row('lanes', one)).toMatchObject({ state: 'failed', endedAtMs: rig.atMs });
      expect(rig.row('lanes', one).steps.find((each) => each.name === step)).toMatchObject({
        state: 'failed',
        refusal: { reason: 'closed-port' },
      });
      expect(rig.take()).toMatchObject([{ kind: 'clean-up-lane', context: { machineId: one, attempt: 1 } }]);
      expect(rig.has('machines', one)).toBe(false);
      expect(rig.row('operations', 'o-add').refusal).toMatchObject({ reason: 'closed-port' });
    },
  );

  it('gives up on a first sample that does not come within 15 s, with the reason of the link', () => {
    const rig = upTo('start');
    rig.post({ kind: 'link-down', machineId: one, refusal: noRoute });
    rig.take();
    rig.pass(14_999);
    expect(rig.row('lanes', one).state).toBe('running');
    rig.pass(1);
    expect(rig.row('lanes', one)).toMatchObject({ state: 'failed' });
    expect(rig.row('lanes', one).steps.at(-1)?.refusal).toMatchObject({ reason: 'no-route' });
    expect(rig.has('machines', one)).toBe(false);
    expect(rig.kinds()).toEqual(expect.arrayContaining(['clean-up-lane', 'disconnect']));
  });

  it('does not give up because this computer slept', () => {
    const rig = upTo('start');
    rig.monoMs += 60_000;
    rig.post({ kind: 'woke-up', asleepMs: 60_000 });
    rig.post({ kind: 'deadline-passed' });
    expect(rig.row('lanes', one).state).toBe('running');
  });

  it('stops at an agent that belongs to another machine', () => {
    const rig = new CoreRig({ machines: [aMachine('two')] });
    rig.post(aHello('two'));
    rig.ask(add);
    for (const step of ['reach', 'identify']) answer(rig, step);
    rig.ask(confirm);
    for (const step of ['login', 'privileges', 'space', 'upload', 'start']) answer(rig, step);
    rig.post(aHello('one', { agentId: agentId('two') }));
    expect(rig.row('lanes', one)).toMatchObject({ state: 'failed' });
    expect(rig.row('lanes', one).steps.at(-1)?.refusal).toMatchObject({
      code: 'conflict',
      reason: 'already-added',
    });
    expect(rig.has('machines', one)).toBe(false);
    expect(rig.has('machines', machineId('two'))).toBe(true);
  });

  it('is refused for a place that is known or on its way, whoever the user is', () => {
    const rig = new CoreRig({ machines: [aMachine('two')] });
    rig.ask(add);
    const twin = {
      ...add,
      machineId: machineId('twin'),
      operationId: operationId('twin'),
      user: 'bob',
    } as Posted;
    expect(rig.ask(twin)).toMatchObject({ code: 'conflict', reason: 'lane-exists' });
    const known = { ...twin, address: 'TWO.lan', operationId: operationId('known') } as Posted;
    expect(rig.ask(known)).toMatchObject({ code: 'conflict', reason: 'already-added', detail: 'two' });
    expect(rig.row('operations', 'o-known').refusal).toMatchObject({ reason: 'already-added' });
    expect(rig.ask({ ...twin, port: 2222, operationId: operationId('other') } as Posted)).toBeNull();
  });

  it('fails rather than keep a machine it does not know how to log in to', () => {
    const rig = new CoreRig();
    rig.ask(add);
    answer(rig, 'reach');
    answer(rig, 'identify');
    rig.ask(confirm);
    for (const step of ['login', 'privileges', 'space', 'upload', 'start']) {
      answer(rig, step, { kind: 'done', learned: {} });
    }
    expect(rig.row('lanes', one).steps.at(-1)?.refusal).toMatchObject({
      code: 'internal',
      reason: 'lane-incomplete',
    });
    expect(rig.has('machines', one)).toBe(false);
  });

  it('ignores answers of an older attempt and of steps that are not at work', () => {
    const rig = upTo('reach');
    const before = rig.row('lanes', one);
    const late = { kind: 'lane-step-finished', machineId: one, ran: '', answered: '', tookMs: 1 } as const;
    const done = { kind: 'done', learned: {} } as const;
    rig.post({ ...late, attempt: 0, step: 'identify', outcome: done });
    rig.post({ ...late, attempt: 1, step: 'upload', outcome: done });
    rig.post({ ...late, machineId: machineId('nobody'), attempt: 1, step: 'identify', outcome: done });
    expect(rig.row('lanes', one)).toBe(before);
    expect(rig.notes.filter((note) => note.verb === 'ignore-late-step')).toHaveLength(3);
  });
});

describe('trying again', () => {
  it('waits for the clean-up and then begins at the first step with the next attempt', () => {
    const rig = upTo('host-key');
    answer(rig, 'login', loginRefused);
    rig.take();
    expect(rig.ask(retry)).toBeNull();
    expect(rig.take()).toEqual([]);
    expect(rig.row('lanes', one).state).toBe('running');
    rig.post({ kind: 'lane-cleaned-up', machineId: one, attempt: 1 });
    expect(rig.take()).toMatchObject([{ step: 'reach', context: { attempt: 2, learned: {}, hostKey: key } }]);
  });

  it('does not wait for ever for a clean-up', () => {
    const rig = upTo('host-key');
    answer(rig, 'login', loginRefused);
    rig.ask(retry);
    rig.take();
    rig.pass(20_000);
    expect(rig.take()).toMatchObject([{ step: 'reach' }]);
  });

  it('does not ask again for a fingerprint that was confirmed, and stops hard at another', () => {
    const rig = upTo('host-key');
    answer(rig, 'login', loginRefused);
    rig.post({ kind: 'lane-cleaned-up', machineId: one, attempt: 1 });
    rig.ask(retry);
    answer(rig, 'reach');
    answer(rig, 'identify');
    expect(rig.take().at(-1)).toMatchObject({ step: 'login' });
    answer(rig, 'login', fail());
    rig.post({ kind: 'lane-cleaned-up', machineId: one, attempt: 2 });
    rig.ask({ ...retry, operationId: operationId('third') });
    answer(rig, 'reach');
    answer(rig, 'identify', { kind: 'done', learned: { hostKey: aHostKey('evil') } });
    expect(rig.row('lanes', one)).toMatchObject({
      state: 'failed',
      hostKey: aHostKey('evil'),
      pinnedHostKey: key,
    });
    expect(rig.row('operations', 'o-third').refusal).toMatchObject({
      code: 'unauthorized',
      reason: 'host-key-changed',
    });
  });

  it('ends after two refused logins, so that no account gets locked', () => {
    const rig = upTo('host-key');
    answer(rig, 'login', loginRefused);
    expect(rig.row('operations', 'o-add').refusal).toMatchObject({
      code: 'unauthorized',
      reason: 'password-refused',
    });
    rig.post({ kind: 'lane-cleaned-up', machineId: one, attempt: 1 });
    expect(rig.ask(retry)).toBeNull();
    answer(rig, 'reach');
    answer(rig, 'identify');
    answer(rig, 'login', loginRefused);
    expect(rig.row('operations', 'o-retry').refusal).toMatchObject({
      code: 'exhausted',
      reason: 'login-refused-twice',
    });
    rig.post({ kind: 'lane-cleaned-up', machineId: one, attempt: 2 });
    const third = { ...retry, operationId: operationId('third') } as Posted;
    expect(rig.ask(third)).toMatchObject({ code: 'exhausted', reason: 'login-refused-twice' });
  });

  it('is refused while the lane runs or when there is none', () => {
    const rig = upTo('reach');
    expect(rig.ask(retry)).toMatchObject({ code: 'conflict', reason: 'lane-running' });
    expect(new CoreRig().ask(retry)).toMatchObject({ code: 'not-found', reason: 'no-such-lane' });
  });
});

describe('cancelling', () => {
  it.each(['reach', 'identify', 'login', 'start'])('after %s cleans up and keeps nothing', (step) => {
    const rig = upTo(step);
    rig.take();
    expect(rig.ask(cancel)).toBeNull();
    expect(rig.row('lanes', one)).toMatchObject({ state: 'cancelled' });
    expect(stepStates(rig)).not.toContain('working');
    expect(rig.kinds()[0]).toBe('clean-up-lane');
    expect(rig.has('machines', one)).toBe(false);
    expect(rig.row('operations', 'o-add').refusal).toMatchObject({ reason: 'cancelled' });
    answer(rig, 'login');
    expect(rig.row('lanes', one).state).toBe('cancelled');
  });

  it('takes back a retry that waits for a clean-up', () => {
    const rig = upTo('host-key');
    answer(rig, 'login', loginRefused);
    rig.ask(retry);
    expect(rig.ask(cancel)).toBeNull();
    rig.take();
    rig.post({ kind: 'lane-cleaned-up', machineId: one, attempt: 1 });
    expect(rig.take()).toEqual([]);
  });

  it('of a lane that has ended is refused, and dismissing waits for the clean-up', () => {
    const rig = upTo('reach');
    expect(rig.ask(dismiss)).toMatchObject({ reason: 'lane-running' });
    rig.ask(cancel);
    expect(rig.ask(cancel)).toMatchObject({ reason: 'lane-ended' });
    expect(rig.ask(dismiss)).toMatchObject({ reason: 'lane-cleaning' });
    const other = { ...add, machineId: machineId('other'), operationId: operationId('other') } as Posted;
    expect(rig.ask(other)).toMatchObject({ reason: 'lane-cleaning' });
    rig.post({ kind: 'lane-cleaned-up', machineId: one, attempt: 1 });
    expect(rig.ask(dismiss)).toBeNull();
    expect(rig.has('lanes', one)).toBe(false);
    expect(rig.ask({ ...other, operationId: operationId('again') } as Posted)).toBeNull();
  });
});
