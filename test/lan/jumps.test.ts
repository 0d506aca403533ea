/** Machines behind one or two jump hosts, with real sshd: the way there, each way it can fail, and what is left (nothing). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credentials, JumpCredentials } from '../../electron/contract/channels.ts';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import { until } from '../support/wait.ts';
import { type AddOutcome, Driver, type JumpRequest } from './adapters-driver.ts';
import { builtAgentFolder } from './built-agent.ts';
import { diffFiles, LOGIN_TRACES } from './listing.ts';
import { createLan, type Lan } from './vlan.ts';

let lan: Lan;
let driver: Driver;

beforeAll(async () => {
  const agents = await builtAgentFolder();
  lan = await createLan({
    hosts: [
      { name: 'gate', sshd: { maxSessions: 1, extra: ['LogLevel VERBOSE'] } },
      { name: 'second' },
      { name: 'inner' },
      { name: 'deaf', sshd: { tcpForwarding: false } },
      { name: 'swapped' },
    ],
  });
  // The desk reaches the inner ones only through another machine.
  const peer = lan.desk.address;
  await lan.host('inner').dropInbound({ peer });
  await lan.host('second').dropInbound({ peer });
  driver = await Driver.start(lan, agents);
}, 180_000);
afterAll(async () => {
  await driver?.stop();
  await lan?.destroy();
});

const byPassword: Credentials = { kind: 'password', password: 'lab', plantKey: true };
const jumpPassword: JumpCredentials = { kind: 'password', password: 'lab' };
const byKey = (): JumpCredentials => ({
  kind: 'login',
  login: { kind: 'key-file', path: lan.desk.keyPath },
  passphrase: null,
});
const jump = (address: string, credentials: JumpCredentials = jumpPassword): JumpRequest => ({
  address,
  user: 'lab',
  credentials,
});
const through = (jumps: readonly JumpRequest[], address = 'inner'): Promise<AddOutcome> =>
  driver.add({ address, user: 'lab', credentials: byPassword, jumps });

function machineOf(outcome: AddOutcome): MachineRecord {
  expect(outcome.refusal).toBeNull();
  if (outcome.machine === null) throw new Error('nothing was learned');
  return outcome.machine;
}

/** Connections to sshd of a host that are logged in now. */
const loginsOn = async (name: string): Promise<number> =>
  Number(await lan.host(name).run('ps -eo args | grep -c "^sshd: lab$" || true'));

describe('a machine behind jump hosts', () => {
  it.each([
    ['one', ['gate']],
    ['two', ['gate', 'second']],
  ])(
    'through %s is added, linked, and removed, and nothing is left on the way',
    async (_words, names) => {
      const before = names.map((name) => lan.host(name).listEverything());
      const machine = machineOf(await through(names.map((name) => jump(name))));
      expect(machine.via).toMatchObject({
        jumps: names.map((address) => ({ address, login: { kind: 'password' } })),
      });
      const up = await driver.link(machine);
      expect(up.kind).toBe('link-up');
      const steps = await driver.remove(machine, 'stop');
      expect(steps.map(({ outcome }) => outcome.kind)).toEqual(steps.map(() => 'done'));
      driver.effect({ kind: 'disconnect', machineId: machine.id });
      for (const [at, name] of names.entries()) {
        await until(async () => (await loginsOn(name)) === 0, { what: `${name} is left`, capMs: 20_000 });
        const after = lan.host(name).listEverything();
        const earlier = before[at];
        if (earlier === undefined) throw new Error('no listing');
        expect(diffFiles(earlier, after, LOGIN_TRACES)).toEqual({ added: [], removed: [], changed: [] });
      }
    },
    120_000,
  );

  it('cannot be reached without them', async () => {
    const outcome = await driver.add({ address: 'inner', user: 'lab', credentials: byPassword });
    expect(outcome.refusal).toMatchObject({ code: 'timeout', reason: 'connect-timeout' });
  }, 60_000);

  it('is reached again the same way when the jump host comes back', async () => {
    const machine = machineOf(await through([jump('gate', byKey())]));
    expect((await driver.link(machine)).kind).toBe('link-up');
    const down = driver.next('link-down', (event) => event.machineId === machine.id);
    await lan.host('gate').powerOff();
    expect((await down).refusal.detail).toContain('jump host lab@gate:22');
    const refused = await driver.link(machine);
    expect(refused).toMatchObject({ kind: 'link-down', refusal: { reason: /no-route|connect-timeout/ } });
    await lan.host('gate').powerOn();
    expect((await driver.link(machine)).kind).toBe('link-up');
    await driver.remove(machine, 'stop');
    driver.effect({ kind: 'disconnect', machineId: machine.id });
  }, 120_000);
});

describe('a way that is not one', () => {
  it.each([
    [
      'a jump host with AllowTcpForwarding no',
      () => through([jump('deaf')]),
      'reach',
      'forwarding-refused',
      'deaf',
    ],
    [
      'a wrong password',
      () => through([jump('gate', { kind: 'password', password: 'no' })]),
      'jumps',
      'login-refused',
      'gate',
    ],
    [
      'a port where nothing listens',
      () => through([{ ...jump('gate'), port: 9 }]),
      'jumps',
      'connection-refused',
      'gate',
    ],
    [
      'a second one that is not there',
      () => through([jump('gate'), jump('10.77.0.240')]),
      'jumps',
      'no-route',
      '10.77.0.240',
    ],
    [
      'a second one without a name',
      () => through([jump('gate'), jump('nowhere')]),
      'jumps',
      /no-such-host|name-lookup-failed/,
      'nowhere',
    ],
  ] as const)(
    '%s is named with its own reason',
    async (_what, add, step, reason, hop) => {
      const outcome = await add();
      expect(outcome.failedStep).toBe(step);
      expect(outcome.refusal?.reason).toMatch(
        typeof reason === 'string' ? new RegExp(`^${reason}$`) : reason,
      );
      expect(outcome.refusal?.detail).toMatch(new RegExp(`^jump host lab@${hop}:`));
    },
    60_000,
  );

  it('says that the machine itself refuses, seen from the last jump host', async () => {
    const outcome = await driver.add({
      address: 'inner',
      port: 9,
      user: 'lab',
      credentials: byPassword,
      jumps: [jump('gate')],
    });
    expect(outcome).toMatchObject({ failedStep: 'reach', refusal: { reason: 'connection-refused' } });
    expect(outcome.refusal?.detail).toContain('inner port 9');
    expect(outcome.refusal?.detail).toContain('seen from lab@gate:22');
  });

  it('H1: a changed key of a jump host stops before any credential leaves', async () => {
    const machine = machineOf(await through([jump('swapped')]));
    driver.effect({ kind: 'drop-secrets', machineId: machine.id, keepsJumps: true });
    await until(async () => (await loginsOn('swapped')) === 0, { what: 'swapped is left', capMs: 20_000 });
    await lan.host('swapped').changeHostKey();
    const refused = await driver.link(machine);
    expect(refused).toMatchObject({ kind: 'link-down', refusal: { reason: 'host-key-changed' } });
    if (refused.kind === 'link-down')
      expect(refused.refusal.detail).toMatch(/^jump host lab@swapped:22: confirmed /);
  }, 60_000);
});

describe('a connection to a jump host', () => {
  it('is shared by the machines behind it, and ends when none needs it', async () => {
    const machine = machineOf(await through([jump('gate')], 'inner'));
    const other = machineOf(await through([jump('gate')], 'second'));
    expect((await driver.link(machine)).kind).toBe('link-up');
    expect((await driver.link(other)).kind).toBe('link-up');
    await until(async () => (await loginsOn('gate')) === 1, {
      what: 'one connection is left',
      capMs: 20_000,
    });
    await driver.remove(machine, 'stop');
    driver.effect({ kind: 'disconnect', machineId: machine.id });
    expect(await loginsOn('gate')).toBe(1);
    await driver.remove(other, 'stop');
    driver.effect({ kind: 'disconnect', machineId: other.id });
    await until(async () => (await loginsOn('gate')) === 0, { what: 'gate is left', capMs: 20_000 });
  }, 120_000);
});
