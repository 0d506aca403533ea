// Many lanes at once: who may open connections, who waits for his turn, and what a pause holds back.
import { describe, expect, it } from 'vitest';
import type { EnrolmentStep } from '../../../../electron/contract/enrolment.ts';
import type { StepOutcome } from '../../../../electron/core/kernel/events.ts';
import { credentialsKeptMs } from '../../../../electron/core/master/enrolment.ts';
import { currentStep } from '../../../../electron/core/master/lane-states.ts';
import { openingLanesMost, openingLanesPerAddress } from '../../../../electron/core/master/lane-turns.ts';
import { aHostKey, machineId, operationId } from '../../../support/builders.ts';
import { CoreRig } from '../../../support/core-rig.ts';

type Place = { readonly address?: string; readonly port?: number };

function add(rig: CoreRig, name: string, { address = `${name}.lan`, port = 22 }: Place = {}): void {
  const place = { name: '', address, port, user: 'ada', credentials: 'password' } as const;
  const asked = { machineId: machineId(name), operationId: operationId(`add-${name}`) };
  expect(rig.ask({ kind: 'add-machine', ...asked, ...place })).toBeNull();
}

/** `lane-0` .. added in this order, one millisecond after the other. */
function addMany(rig: CoreRig, count: number, placeOf: (index: number) => Place = () => ({})): string[] {
  const names = Array.from({ length: count }, (_, index) => `lane-${String(index).padStart(2, '0')}`);
  for (const [index, name] of names.entries()) {
    add(rig, name, placeOf(index));
    rig.pass(1);
  }
  return names;
}

function finish(rig: CoreRig, name: string, step: EnrolmentStep, outcome?: StepOutcome): void {
  const learned = step === 'identify' ? { hostKey: aHostKey(name) } : {};
  rig.post({
    kind: 'lane-step-finished',
    machineId: machineId(name),
    attempt: rig.state.session.lanes.get(machineId(name))?.attempt ?? 0,
    step,
    ran: '',
    answered: '',
    tookMs: 1,
    outcome: outcome ?? { kind: 'done', learned },
  });
}

const laneOf = (rig: CoreRig, name: string) => rig.row('lanes', machineId(name));
const at = (rig: CoreRig, name: string) => currentStep(laneOf(rig, name))?.name ?? null;
const opening = (rig: CoreRig, names: readonly string[]) =>
  names.filter((name) => ['reach', 'identify', 'login'].includes(at(rig, name) ?? ''));
const pause = (rig: CoreRig, name: string, isPaused = true) =>
  rig.ask({ kind: 'pause-add', machineId: machineId(name), isPaused });
const confirm = (rig: CoreRig, name: string) =>
  rig.ask({ kind: 'confirm-host-key', machineId: machineId(name), hostKey: aHostKey(name) });
const cancel = (rig: CoreRig, name: string) => rig.ask({ kind: 'cancel-add', machineId: machineId(name) });

const unreachable: StepOutcome = {
  kind: 'failed',
  refusal: { code: 'unreachable', reason: 'port-closed', detail: '' },
};

describe('turns', () => {
  it('no more lanes open connections at once than sshd takes by default, and the rest wait in the order they came', () => {
    const rig = new CoreRig();
    const names = addMany(rig, openingLanesMost + 3);
    expect(openingLanesMost).toBeLessThan(10);
    expect(opening(rig, names)).toEqual(names.slice(0, openingLanesMost));
    for (const name of names.slice(openingLanesMost)) {
      expect(laneOf(rig, name)).toMatchObject({ state: 'running' });
      expect(at(rig, name)).toBeNull();
    }
    finish(rig, names[3] ?? '', 'reach', unreachable);
    expect(at(rig, names[openingLanesMost] ?? '')).toBe('reach');
    expect(opening(rig, names)).toHaveLength(openingLanesMost);
    expect(cancel(rig, names[0] ?? '')).toBeNull();
    expect(at(rig, names[openingLanesMost + 1] ?? '')).toBe('reach');
    expect(at(rig, names[openingLanesMost + 2] ?? '')).toBeNull();
  });

  it('a lane that waits for a person or is logged in takes no turn', () => {
    const rig = new CoreRig();
    const names = addMany(rig, openingLanesMost * 2);
    for (const name of names) {
      finish(rig, name, 'reach');
      finish(rig, name, 'identify');
    }
    expect(names.map((name) => laneOf(rig, name).state)).toEqual(names.map(() => 'needs-you'));
    for (const name of names) expect(confirm(rig, name)).toBeNull();
    expect(opening(rig, names)).toEqual(names.slice(0, openingLanesMost));
    for (const name of names) finish(rig, name, 'login');
    expect(names.map((name) => at(rig, name))).toEqual(names.map(() => 'privileges'));
  });

  it('one address gets fewer, and those elsewhere do not wait for it', () => {
    const rig = new CoreRig();
    const names = addMany(rig, openingLanesPerAddress + 2, (index) => ({
      address: index % 2 === 0 ? 'Gate.lan' : 'gate.LAN',
      port: 2200 + index,
    }));
    add(rig, 'elsewhere');
    expect(opening(rig, names)).toEqual(names.slice(0, openingLanesPerAddress));
    expect(at(rig, 'elsewhere')).toBe('reach');
    finish(rig, names[0] ?? '', 'reach');
    finish(rig, names[0] ?? '', 'identify');
    expect(at(rig, names[openingLanesPerAddress] ?? '')).toBe('reach');
  });

  it('asks nothing of a machine before its turn, and no credential leaves before its key is confirmed', () => {
    const rig = new CoreRig();
    const names = addMany(rig, openingLanesMost + 1);
    const steps = rig
      .take()
      .flatMap((effect) =>
        effect.kind === 'run-enrolment-step' ? [`${effect.context.machineId} ${effect.step}`] : [],
      );
    expect(steps).toEqual(names.slice(0, openingLanesMost).map((name) => `${machineId(name)} reach`));
    finish(rig, names[0] ?? '', 'reach');
    finish(rig, names[0] ?? '', 'identify');
    expect(
      rig.take().map((effect) => (effect.kind === 'run-enrolment-step' ? effect.step : effect.kind)),
    ).toEqual(['identify', 'reach']);
  });
});

describe('a pause', () => {
  it('lets the step at work end and begins no other until it is resumed', () => {
    const rig = new CoreRig();
    add(rig, 'one');
    expect(pause(rig, 'one')).toBeNull();
    expect(at(rig, 'one')).toBe('reach');
    finish(rig, 'one', 'reach');
    expect(at(rig, 'one')).toBeNull();
    expect(laneOf(rig, 'one')).toMatchObject({ state: 'running', isPaused: true });
    rig.take();
    expect(pause(rig, 'one', false)).toBeNull();
    expect(rig.take()).toMatchObject([{ kind: 'run-enrolment-step', step: 'identify' }]);
  });

  it('keeps what the person says of the key for later', () => {
    const rig = new CoreRig();
    add(rig, 'one');
    finish(rig, 'one', 'reach');
    finish(rig, 'one', 'identify');
    pause(rig, 'one');
    rig.take();
    expect(confirm(rig, 'one')).toBeNull();
    expect(rig.take()).toEqual([]);
    pause(rig, 'one', false);
    expect(rig.take()).toMatchObject([{ step: 'login', context: { hostKey: aHostKey('one') } }]);
  });

  it('gives the turn to the next, and gets it back when there is one', () => {
    const rig = new CoreRig();
    const names = addMany(rig, openingLanesMost + 1);
    const [first = '', last = ''] = [names[0], names.at(-1)];
    pause(rig, first);
    finish(rig, first, 'reach');
    expect(at(rig, last)).toBe('reach');
    pause(rig, first, false);
    expect(at(rig, first)).toBeNull();
    finish(rig, last, 'reach', unreachable);
    expect(at(rig, first)).toBe('identify');
  });

  it('holds no machine back whose agent runs already', () => {
    const rig = new CoreRig();
    add(rig, 'one');
    finish(rig, 'one', 'reach');
    finish(rig, 'one', 'identify');
    confirm(rig, 'one');
    const learned = { login: { kind: 'own-key' }, agentDir: '/var/lib/mesolite' } as const;
    finish(rig, 'one', 'login', { kind: 'done', learned });
    for (const step of ['privileges', 'space', 'upload'] as const) finish(rig, 'one', step);
    pause(rig, 'one');
    finish(rig, 'one', 'start');
    expect(at(rig, 'one')).toBe('first-sample');
    expect(rig.has('machines', machineId('one'))).toBe(true);
  });

  it('is of lanes that run, and a new try begins without it', () => {
    const rig = new CoreRig();
    expect(pause(rig, 'nobody')).toMatchObject({ code: 'not-found', reason: 'no-such-lane' });
    add(rig, 'one');
    pause(rig, 'one');
    finish(rig, 'one', 'reach', unreachable);
    expect(pause(rig, 'one')).toMatchObject({ code: 'conflict', reason: 'lane-ended' });
    rig.post({ kind: 'lane-cleaned-up', machineId: machineId('one'), attempt: 1 });
    expect(
      rig.ask({ kind: 'retry-add', machineId: machineId('one'), operationId: operationId('again') }),
    ).toBeNull();
    expect(at(rig, 'one')).toBe('reach');
    expect(laneOf(rig, 'one').isPaused).toBe(false);
  });
});

describe('what the person gave', () => {
  const failing = (outcome: StepOutcome): CoreRig => {
    const rig = new CoreRig();
    add(rig, 'one');
    finish(rig, 'one', 'reach');
    finish(rig, 'one', 'identify');
    confirm(rig, 'one');
    rig.take();
    finish(rig, 'one', 'login', outcome);
    return rig;
  };
  const cleaned = (rig: CoreRig) =>
    rig.post({ kind: 'lane-cleaned-up', machineId: machineId('one'), attempt: 1 });

  it('is kept for another try when it was not refused, and dropped when none comes', () => {
    const rig = failing(unreachable);
    expect(rig.take()).toMatchObject([{ kind: 'clean-up-lane', keepsSecrets: true }]);
    cleaned(rig);
    rig.pass(credentialsKeptMs - 1);
    expect(rig.take()).toEqual([]);
    rig.pass(1);
    expect(rig.take()).toMatchObject([{ kind: 'drop-secrets', machineId: machineId('one') }]);
    rig.pass(credentialsKeptMs);
    expect(rig.take()).toEqual([]);
  });

  it('is dropped at once when it was refused, when the person skips, and when the lane is put aside', () => {
    const refused = failing({
      kind: 'failed',
      refusal: { code: 'unauthorized', reason: 'password-refused', detail: '' },
    });
    expect(refused.take()).toMatchObject([{ kind: 'clean-up-lane', keepsSecrets: false }]);
    const skipped = new CoreRig();
    add(skipped, 'one');
    skipped.take();
    cancel(skipped, 'one');
    expect(skipped.take()).toMatchObject([{ kind: 'clean-up-lane', keepsSecrets: false }]);
    const aside = failing(unreachable);
    cleaned(aside);
    aside.take();
    expect(aside.ask({ kind: 'dismiss-lane', machineId: machineId('one') })).toBeNull();
    expect(aside.take()).toMatchObject([{ kind: 'drop-secrets' }]);
  });
});
