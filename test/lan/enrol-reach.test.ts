/** What comes before a login: unreachable machines, and ports behind which there is no good SSH server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credentials } from '../../electron/contract/channels.ts';
import { Driver } from './adapters-driver.ts';
import { createLan, type Lan } from './vlan.ts';

let lan: Lan;
let driver: Driver;

beforeAll(async () => {
  lan = await createLan({ hosts: [{ name: 'narrow' }, { name: 'odd', sshd: false }] });
  driver = await Driver.start(lan, lan.desk.scratch);
}, 120_000);
afterAll(async () => {
  await driver?.stop();
  await lan?.destroy();
});

const pass = 'lab';
const password = (text: string): Credentials => ({ kind: 'password', password: text, plantKey: true });

describe('a machine that cannot be reached', () => {
  it.each([
    [
      'a closed port',
      { address: '10.77.0.1', port: 2 },
      'reach',
      'connection-refused',
      /10\.77\.0\.1 port 2/,
    ],
    [
      'an address where nothing is',
      { address: '10.77.0.200' },
      'reach',
      'no-route',
      /10\.77\.0\.200 port 22/,
    ],
    [
      'an address of another network',
      { address: '198.51.100.7' },
      'reach',
      'network-down',
      /198\.51\.100\.7/,
    ],
    [
      'a name nobody has',
      { address: 'no-such-machine' },
      'reach',
      /no-such-host|name-lookup-failed/,
      /no-such-machine/,
    ],
  ])('%s is named as such', async (_what, place, step, reason, detail) => {
    const outcome = await driver.add({ ...place, user: 'lab', credentials: password(pass) });
    expect(outcome.failedStep).toBe(step);
    expect(outcome.refusal?.reason).toMatch(typeof reason === 'string' ? new RegExp(`^${reason}$`) : reason);
    expect(outcome.refusal?.detail).toMatch(detail);
  });
});

describe('what is not an SSH server', () => {
  it.each([
    ['http', 'identify', 'not-ssh', /"HTTP\/1\.1 400/],
    ['hang-up', 'identify', 'closed-early', /without a word/],
    ['garbage', 'identify', 'not-ssh', /said "/],
  ] as const)('%s is told apart and quoted', async (kind, step, reason, detail) => {
    const server = await lan.serve({ host: 'odd', port: 22, kind });
    try {
      const outcome = await driver.add({ address: 'odd', user: 'lab', credentials: password(pass) });
      expect(outcome).toMatchObject({ failedStep: step, refusal: { reason } });
      expect(outcome.refusal?.detail).toMatch(detail);
    } finally {
      await server.stop();
    }
  });

  it.each([
    ['weak-algorithms', 'identify', 'no-common-algorithm'],
    ['auth-refused', 'login', 'login-refused'],
    ['exec-refused', 'login', 'channel-refused'],
    ['drop-after-login', 'login', /connection-reset|channel-refused|shell-refused/],
    ['exec-no-code', 'login', 'shell-refused'],
    ['exec-endless', 'login', 'answer-too-long'],
  ] as const)('an SSH server with the habit %s is refused with words', async (habit, step, reason) => {
    const server = await lan.serve({ host: 'odd', port: 22, kind: 'ssh', habit });
    try {
      const outcome = await driver.add({ address: 'odd', user: 'lab', credentials: password('lab') });
      expect(outcome.failedStep).toBe(step);
      expect(outcome.refusal?.reason).toMatch(reason);
      expect(server.seen().filter((line) => line.startsWith('auth password')).length).toBeLessThanOrEqual(1);
    } finally {
      await server.stop();
    }
  });
});

describe('silence', () => {
  /** Each on its own port at the same time, since all this is waiting. */
  const silences = [
    ['identify', 'not-ssh', { port: 2201, kind: 'silent' }],
    ['login', 'login-timeout', { port: 2202, kind: 'ssh', habit: 'auth-never-answers' }],
    ['login', 'script-timeout', { port: 2203, kind: 'ssh', habit: 'exec-silent' }],
  ] as const;

  it('at each stage is cut off by a time-out that names the stage', async () => {
    const servers = await Promise.all(silences.map(([, , spec]) => lan.serve({ host: 'odd', ...spec })));
    await lan.host('narrow').dropInbound();
    try {
      const swallowed = driver.add({ address: 'narrow', user: 'lab', credentials: password(pass) });
      const outcomes = await Promise.all(
        silences.map(([, , { port }]) =>
          driver.add({ address: 'odd', port, user: 'lab', credentials: password(pass) }),
        ),
      );
      expect(outcomes.map(({ failedStep, refusal }) => [failedStep, refusal?.reason])).toEqual(
        silences.map(([step, reason]) => [step, reason]),
      );
      expect(outcomes[0]?.refusal?.detail).toContain('said nothing; said no SSH greeting within 10 s');
      expect(await swallowed).toMatchObject({
        failedStep: 'reach',
        refusal: { code: 'timeout', reason: 'connect-timeout' },
      });
    } finally {
      await lan.host('narrow').clear();
      await Promise.all(servers.map((server) => server.stop()));
    }
  });
});
