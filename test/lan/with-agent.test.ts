/** The whole life of a machine with the real agent: added, linked, tasks run, cut off, removed without a trace. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credentials } from '../../electron/contract/channels.ts';
import { enrolmentSteps } from '../../electron/contract/enrolment.ts';
import type { MachineId } from '../../electron/contract/ids.ts';
import type { MachineRecord } from '../../electron/contract/machine.ts';
import type { LaneContext } from '../../electron/core/kernel/effects.ts';
import { aTask } from '../support/agent-talk.ts';
import { until } from '../support/wait.ts';
import { type AddRequest, Driver } from './adapters-driver.ts';
import { builtAgentFolder } from './built-agent.ts';
import { diffFiles, FISH_TRACES, type Listing, LOGIN_TRACES } from './listing.ts';
import { createLan, type Lan } from './vlan.ts';

let lan: Lan;
let driver: Driver;
let agents: string;

beforeAll(async () => {
  agents = await builtAgentFolder();
  lan = await createLan({
    hosts: [
      { name: 'host1' },
      { name: 'host2' },
      { name: 'narrow', sshd: { maxSessions: 1, tcpForwarding: false } },
      {
        name: 'shells',
        users: [
          { name: 'fishy', password: 'lab', shell: 'fish' },
          { name: 'tina', password: 'lab', shell: 'tcsh' },
          {
            name: 'noisy',
            password: 'lab',
            bashrc: 'echo "Welcome"; printf "mesolite-attach"; echo oops >&2',
          },
        ],
      },
    ],
  });
  driver = await Driver.start(lan, agents);
}, 180_000);
afterAll(async () => {
  await driver?.stop();
  await lan?.destroy();
});

const byPassword: Credentials = { kind: 'password', password: 'lab', plantKey: true };
const byKey = (): Credentials => ({
  kind: 'login',
  login: { kind: 'key-file', path: lan.desk.keyPath },
  passphrase: null,
});

async function add(request: AddRequest, by = driver): Promise<MachineRecord> {
  const outcome = await by.add(request);
  expect(outcome.refusal).toBeNull();
  if (outcome.machine === null) throw new Error('nothing was learned');
  return outcome.machine;
}

function leftOn(host: string, before: Listing): unknown {
  const after = lan.host(host).listEverything();
  const { added, removed, changed } = diffFiles(before, after, [...LOGIN_TRACES, ...FISH_TRACES]);
  return {
    files: [...added, ...removed, ...changed],
    processes: after.processes.filter((one) => /mesolite-agent|sleep 4[0-9]{3}/.test(one.command)),
    keys: [...after.authorizedKeys.values()].flat().filter((line) => line.includes('mesolite:')),
  };
}
const nothing = { files: [], processes: [], keys: [] };

describe('a machine added by password', () => {
  it('gives a sample, runs a task whose 20 MB log arrives whole, and is removed without a trace', async () => {
    const before = lan.host('host1').listEverything();
    const machine = await add({ address: 'host1', user: 'lab', credentials: byPassword });
    expect(await driver.link(machine)).toMatchObject({ kind: 'link-up', facts: { hostname: 'host1' } });
    await driver.find('sample-received', (event) => event.machineId === machine.id);
    const info = aTask('big', 'yes 0123456789abcdef | head -c 20000000');
    driver.effect({ kind: 'send-launch', machineId: machine.id, info });
    expect(await driver.find('launch-answered', (event) => event.taskId === info.taskId)).toMatchObject({
      refusal: null,
    });
    expect(await driver.readLog(machine.id, info.taskId, true)).toMatchObject({ bytes: 20_000_000 });
    const steps = await driver.remove(machine, 'stop');
    expect(steps.map((step) => [step.step, step.outcome.kind])).toEqual([
      ['connect', 'done'],
      ['tasks', 'done'],
      ['stop-agent', 'done'],
      ['files', 'done'],
      ['key', 'done'],
      ['verify', 'done'],
    ]);
    expect(steps.at(-1)?.answered).toBe('no file, process or key of ours is left');
    expect(leftOn('host1', before)).toEqual(nothing);
  });

  it('whose tasks are stopped at its removal: they are gone before the agent', async () => {
    const before = lan.host('host1').listEverything();
    const machine = await add({ address: 'host1', user: 'lab', credentials: byPassword });
    await driver.link(machine);
    const info = aTask('stopped', "trap '' TERM; sleep 4001; sleep 4002", { killPolicy: { graceMs: 300 } });
    driver.effect({ kind: 'send-launch', machineId: machine.id, info });
    await driver.find(
      'status-update-received',
      (event) => event.status.taskId === info.taskId && event.status.state === 'TASK_RUNNING',
    );
    const steps = await driver.remove(machine, 'stop');
    expect(steps.find((step) => step.step === 'tasks')?.answered).toBe('1 ended');
    expect(leftOn('host1', before)).toEqual(nothing);
  });

  it('whose tasks are kept: only what the running one needs stays, and it is named', async () => {
    const host = lan.host('host2');
    const machine = await add({ address: 'host2', user: 'lab', credentials: byPassword });
    await driver.link(machine);
    const ended = aTask('ended', 'echo over');
    const runs = aTask('runs', 'sleep 4003');
    for (const info of [ended, runs]) driver.effect({ kind: 'send-launch', machineId: machine.id, info });
    await driver.find(
      'status-update-received',
      (event) => event.status.taskId === runs.taskId && event.status.state === 'TASK_RUNNING',
    );
    await driver.find(
      'status-update-received',
      (event) => event.status.taskId === ended.taskId && event.status.state === 'TASK_FINISHED',
    );
    const steps = await driver.remove(machine, 'keep');
    expect(steps.at(-1)).toMatchObject({ step: 'verify', outcome: { kind: 'done' } });
    expect(steps.at(-1)?.answered).toContain('left for the tasks that go on');
    expect(await host.run('ls -A /var/lib/mesolite /var/lib/mesolite/tasks')).toBe(
      '/var/lib/mesolite:\ntasks\n\n/var/lib/mesolite/tasks:\nt-runs',
    );
    expect(host.listEverything().processes.some((one) => one.command === 'sleep 4003')).toBe(true);
    expect(host.listEverything().processes.some((one) => / daemon /.test(one.command))).toBe(false);
    await host.run('kill $(pidof sleep) ; rm -rf /var/lib/mesolite');
  });
});

describe('other machines', () => {
  it.each([
    ['MaxSessions 1 and no forwarding', 'narrow', 'lab'],
    ['fish', 'shells', 'fishy'],
    ['tcsh', 'shells', 'tina'],
    ['a noisy .bashrc', 'shells', 'noisy'],
  ])('with %s give a sample too, and go without a trace', async (_what, host, user) => {
    const before = lan.host(host).listEverything();
    const machine = await add({ address: host, user, credentials: byPassword });
    expect(await driver.link(machine)).toMatchObject({ kind: 'link-up' });
    await driver.find('sample-received', (event) => event.machineId === machine.id);
    const steps = await driver.remove(machine, 'stop');
    expect(steps.at(-1)?.answered).toBe('no file, process or key of ours is left');
    expect(leftOn(host, before)).toEqual(nothing);
  });

  it('that have the agent already are taken over as they are, and another master is refused', async () => {
    const first = await add({ address: 'host2', user: 'lab', credentials: byKey() });
    expect(await driver.link(first)).toMatchObject({ kind: 'link-up' });
    const pid = await lan.host('host2').run('pidof mesolite-agent');
    const other = await Driver.start(lan, agents, { masterId: 'master-other', name: 'other' });
    try {
      const outcome = await other.add({ address: 'host2', user: 'lab', credentials: byKey() });
      expect(outcome.steps.find((step) => step.step === 'upload')?.answered).toContain('is there already');
      if (outcome.machine === null) throw new Error('no machine');
      expect(await other.link(outcome.machine)).toMatchObject({
        kind: 'link-down',
        refusal: { code: 'conflict', reason: 'lease-held', detail: expect.stringContaining('master-lan') },
      });
      await other.cleanUp(outcome, { address: 'host2', user: 'lab', credentials: byKey() });
    } finally {
      await other.stop();
    }
    // The clean-up of the second lane must not touch what was there before it.
    expect(await lan.host('host2').run('pidof mesolite-agent')).toBe(pid);
    await driver.remove(first, 'stop');
  });
});

describe('a link', () => {
  it('is down long before TCP gives up when packets vanish, either way, and comes back', async () => {
    const host = lan.host('host1');
    const machine = await add({ address: 'host1', user: 'lab', credentials: byKey() });
    for (const cut of ['in', 'out'] as const) {
      expect(await driver.link(machine)).toMatchObject({ kind: 'link-up' });
      const down = driver.next('link-down', (event) => event.machineId === machine.id, 10_000);
      await (cut === 'in' ? host.dropInbound() : host.dropOutbound());
      const { refusal } = await down;
      expect(['link-lost', 'agent-silent']).toContain(refusal.reason);
      await host.clear();
    }
    expect(await driver.link(machine)).toMatchObject({ kind: 'link-up' });
    await driver.remove(machine, 'stop');
  });

  it('tells a wedged agent from a dead machine', async () => {
    const host = lan.host('host1');
    const machine = await add({ address: 'host1', user: 'lab', credentials: byKey() });
    expect(await driver.link(machine)).toMatchObject({ kind: 'link-up' });
    const down = driver.next('link-down', (event) => event.machineId === machine.id, 10_000);
    const daemon = await host.run("pgrep -f '[m]esolite-agent daemon'");
    await host.run(`kill -STOP ${daemon}`);
    expect((await down).refusal).toMatchObject({ code: 'timeout', reason: 'agent-silent' });
    await host.run(`kill -CONT ${daemon}`);
    expect(await driver.link(machine)).toMatchObject({ kind: 'link-up' });
    await driver.remove(machine, 'stop');
  });

  it('is down at once when its session is killed, and the daemon is started again when it died', async () => {
    const host = lan.host('host1');
    const machine = await add({ address: 'host1', user: 'lab', credentials: byKey() });
    const first = await driver.link(machine);
    const down = driver.next('link-down', (event) => event.machineId === machine.id, 3000);
    await host.run("kill -9 $(pgrep -f '[m]esolite-agent daemon') $(pgrep -f '[s]shd: lab')");
    await down;
    const again = await driver.link(machine);
    expect(again).toMatchObject({ kind: 'link-up' });
    if (first.kind === 'link-up' && again.kind === 'link-up') expect(again.agentId).toBe(first.agentId);
    await driver.remove(machine, 'stop');
  });

  it('says that the agent is missing when somebody deleted it', async () => {
    const machine = await add({ address: 'host1', user: 'lab', credentials: byKey() });
    await lan
      .host('host1')
      .run('/var/lib/mesolite/bin/mesolite-agent stop --dir /var/lib/mesolite; rm -rf /var/lib/mesolite');
    expect(await driver.link(machine)).toMatchObject({
      kind: 'link-down',
      refusal: { reason: 'agent-missing' },
    });
    const steps = await driver.remove(machine, 'stop');
    expect(steps.at(-1)?.answered).toBe('no file, process or key of ours is left');
  });
});

describe('a lane that is cancelled while a step runs', () => {
  it.each(['login', 'privileges', 'space', 'upload', 'start'] as const)(
    'in %s leaves nothing',
    async (stopAt) => {
      const before = lan.host('host1').listEverything();
      const machineId = `m-cancel-${stopAt}` as MachineId;
      driver.hold(machineId, byPassword);
      let context: LaneContext = {
        machineId,
        attempt: 1,
        address: 'host1',
        port: 22,
        user: 'lab',
        hostKey: null,
        learned: {},
      };
      for (const step of enrolmentSteps) {
        if (step === stopAt) {
          driver.effect({ kind: 'run-enrolment-step', step, context });
          break;
        }
        const { outcome } = await driver.step(step, context);
        if (outcome.kind !== 'done') throw new Error(`${step} did not work`);
        const learned = { ...context.learned, ...outcome.learned };
        context = { ...context, learned, hostKey: learned.hostKey ?? null };
      }
      await driver.cancel(context);
      await until(() => JSON.stringify(leftOn('host1', before)) === JSON.stringify(nothing), {
        what: `nothing is left: ${JSON.stringify(leftOn('host1', before))}`,
        capMs: 3000,
      });
      expect(leftOn('host1', before)).toEqual(nothing);
    },
  );
});
