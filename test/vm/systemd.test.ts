/**
 * Agents under a real systemd, added over a real login by the lane's own script: one of the machine (by sudo), one of a
 * plain user. Logind ends everything that a login leaves behind (KillUserProcesses=yes, nobody excluded).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startScript } from '../../electron/adapters/ssh/enrol/start.ts';
import { dropFilesScript, stopAgentScript } from '../../electron/adapters/ssh/remove/scripts.ts';
import { wrapScript } from '../../electron/adapters/ssh/script.ts';
import { terminalTaskStates } from '../../electron/contract/task.ts';
import type { AgentTask } from '../../electron/contract/wire.ts';
import { builtAgent } from '../lan/built-agent.ts';
import { aTask, conformanceMaster, Talk } from '../support/agent-talk.ts';
import { until } from '../support/wait.ts';
import { fetchDebian, guestKey, guestUser } from './debian.ts';
import { bootGuest, type Guest } from './guest.ts';
import { fetchKernel, type Kernel, packRoot } from './kernel.ts';

const limitMs = 900_000;
/** The guest is slow, and logind waits before it ends what is left. */
const waitMs = 180_000;
/** Tasks get pids from here on, which nothing has after a boot. */
const farPid = 20_000;

type Kind = {
  readonly name: string;
  readonly dir: string;
  readonly shell: string;
  readonly systemctl: string;
};
const asUser = `setpriv --reuid ${guestUser.name} --regid ${guestUser.name} --init-groups env HOME=${guestUser.home} XDG_RUNTIME_DIR=/run/user/${guestUser.uid}`;
const kinds: readonly Kind[] = [
  { name: 'of the machine', dir: '/var/lib/mesolite', shell: 'exec sudo -n sh -s', systemctl: 'systemctl' },
  {
    name: 'of a user',
    dir: `${guestUser.home}/.mesolite`,
    shell: 'exec sh -s',
    systemctl: `${asUser} systemctl --user`,
  },
];

const folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-vm-'));
const disk = path.join(folder, 'disk');
const root = path.join(folder, 'root.gz');
let kernel: Kernel;
let guest: Guest | null = null;
let talk: Talk | null = null;

async function boot(): Promise<void> {
  guest = await bootGuest({ kernel, root, disk });
}

async function sh(line: string): Promise<string> {
  if (guest === null) throw new Error('no guest');
  const { code, output } = await guest.sh(line, waitMs);
  expect(code, `${line}\n${output}`).toBe(0);
  return output.trim();
}

const isSo = async (line: string): Promise<boolean> => (await guest?.sh(line, waitMs))?.code === 0;

/** What the app does over SSH; the login has ended, with all that logind counts to it, when this returns. */
async function login(kind: Kind, script: string, args: readonly string[]): Promise<string> {
  const text = Buffer.from(wrapScript(script, args, 'n')).toString('base64');
  await sh('rm -f /tmp/script');
  // A line of the console holds less than 4 KiB.
  for (const piece of text.match(/.{1,2000}/g) ?? []) await sh(`printf %s ${piece} >> /tmp/script`);
  const said = await sh(
    `base64 -d /tmp/script | ssh -q -o StrictHostKeyChecking=no -i ${guestKey} ${guestUser.name}@127.0.0.1 '${kind.shell}'`,
  );
  await until(() => isSo('! loginctl --no-legend list-sessions | grep -q .'), {
    what: 'the login has ended',
    capMs: waitMs,
  });
  return said;
}

async function greet(kind: Kind): Promise<readonly AgentTask[]> {
  if (guest === null) throw new Error('no guest');
  talk?.session.close();
  // One at a time can hold the port.
  await until(() => isSo('! pgrep -f "mesolite-agent attach"'), { what: 'the port is free', capMs: waitMs });
  talk = new Talk(await guest.attach(kind.dir), true);
  const hello = await talk.session.hello(conformanceMaster());
  if (!hello.ok) throw new Error(`${hello.refusal.reason}: ${hello.refusal.detail}`);
  return hello.value.tasks;
}

function talking(): Talk {
  if (talk === null) throw new Error('nobody listens');
  return talk;
}

const unitOf = (kind: Kind): Promise<string> =>
  sh(`basename $(sed -n 's/.*"path":"\\([^"]*\\)".*/\\1/p' ${kind.dir}/boot.json)`);
const agentPid = (kind: Kind): Promise<string> =>
  sh(`mesolite-agent status --json --dir ${kind.dir} | sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p'`);
/** pid and start time: the same process, not another with its number. */
const taskMark = (kind: Kind, id: string): Promise<string> => sh(`head -n 1 ${kind.dir}/tasks/t-${id}/run`);
const isAlive = async (mark: string): Promise<boolean> => {
  const [, pid, start] = mark.trim().split(/\s+/);
  return (await sh(`cut -d ' ' -f 22 /proc/${pid}/stat 2>/dev/null || echo gone`)) === start;
};
const stateOf = (tasks: readonly AgentTask[], id: string): string | undefined =>
  tasks.find((task) => task.info.taskId === `t-${id}`)?.status.state;
const answers = (kind: Kind): Promise<boolean> => isSo(`mesolite-agent status --dir ${kind.dir}`);

async function launch(kind: Kind, id: string, line: string): Promise<string> {
  const to = talking();
  const info = aTask(id, line);
  await to.launch(info);
  await to.stateOf(info.taskId, 'TASK_RUNNING');
  return taskMark(kind, id);
}

describe.each(kinds)('an agent $name under systemd', (kind) => {
  let lasting = '';

  beforeAll(async () => {
    if (guest !== null) return;
    kernel = fetchKernel();
    packRoot(kernel, [await builtAgent()], root, 'debian');
    execFileSync('cp', ['--sparse=always', fetchDebian(), disk]);
    await boot();
  }, limitMs);
  afterAll(async () => {
    talk?.session.close();
    talk = null;
    if (kind !== kinds.at(-1)) return;
    await guest?.cut();
    rmSync(folder, { recursive: true, force: true });
  });

  it(
    'TestA5_TheEndOfTheLoginThatStartedItIsNotItsOwn',
    async () => {
      const put = `mkdir -p "$1/bin" && cp /usr/local/bin/mesolite-agent "$1/bin/" && { setsid sleep 7777 & } </dev/null >/dev/null 2>&1`;
      await login(kind, put, [kind.dir]);
      // What a login leaves does end here: without this the rest would show nothing.
      expect(await isSo('pgrep -f "sleep 7777"')).toBe(false);
      const said = await login(kind, startScript, [kind.dir]);
      expect(said).toContain(kind.dir.startsWith('/home') ? '"boot":"systemd-user"' : '"boot":"systemd"');
      const pid = await agentPid(kind);
      await greet(kind);
      await sh(`echo ${farPid} > /proc/sys/kernel/ns_last_pid`);
      lasting = await launch(kind, 'lasting', 'exec sleep 88888');
      await login(kind, `"$1/bin/mesolite-agent" status --dir "$1"`, [kind.dir]);
      expect(await agentPid(kind)).toBe(pid);
      expect(await isAlive(lasting)).toBe(true);
    },
    limitMs,
  );

  it(
    'TestA5_AnAgentThatALaterLoginStartsAgainOutlivesIt',
    async () => {
      await sh(`${kind.systemctl} stop ${await unitOf(kind)}`);
      await login(kind, `"$1/bin/mesolite-agent" attach --start --dir "$1" </dev/null`, [kind.dir]);
      expect(await answers(kind)).toBe(true);
      expect(await isAlive(lasting)).toBe(true);
    },
    limitMs,
  );

  it(
    'TestA2_ItsServiceManagerStopsAndStartsItAndTasksNoticeNothing',
    async () => {
      const unit = await unitOf(kind);
      await greet(kind);
      const ending = await launch(kind, 'ending', 'until [ -e /tmp/go ]; do sleep 0.1; done; exit 7');
      const before = await agentPid(kind);
      await sh(`${kind.systemctl} restart ${unit}`);
      await until(() => answers(kind), { what: 'it is back', capMs: waitMs });
      expect(await agentPid(kind)).not.toBe(before);
      await sh(`${kind.systemctl} stop ${unit}`);
      expect(await answers(kind)).toBe(false);
      expect([await isAlive(lasting), await isAlive(ending)]).toEqual([true, true]);
      await sh('touch /tmp/go');
      await until(async () => !(await isAlive(ending)), { what: 'a task ends meanwhile', capMs: waitMs });
      await sh(`rm /tmp/go; ${kind.systemctl} start ${unit}`);
      await until(() => answers(kind), { what: 'it is back', capMs: waitMs });
      expect(stateOf(await greet(kind), 'lasting')).toBe('TASK_RUNNING');
      const end = await talking().stateOf(aTask('ending', '').taskId, 'TASK_FAILED');
      expect(end.status.exitCode).toBe(7);
      expect(await isAlive(lasting)).toBe(true);
    },
    limitMs,
  );

  it(
    'TestA1_ItComesBackHoweverOftenItIsKilled',
    async () => {
      for (let n = 0; n < 8; n++) {
        const pid = await agentPid(kind);
        await sh(`kill -9 ${pid}`);
        await until(async () => (await answers(kind)) && (await agentPid(kind)) !== pid, {
          what: `it is back after kill ${n}`,
          capMs: waitMs,
        });
      }
      expect(await isAlive(lasting)).toBe(true);
      expect(stateOf(await greet(kind), 'lasting')).toBe('TASK_RUNNING');
    },
    limitMs,
  );

  it(
    'TestA4_AfterARebootItIsThereAndTouchesNobodyWhoHasAnOldNumber',
    async () => {
      const old = lasting.trim().split(/\s+/)[1] ?? '';
      // A stranger with the number of the task is there before any agent.
      await sh(`cat > /usr/local/sbin/stranger <<'END'
n=0
until [ $((n += 1)) -gt 500 ]; do # others that start at this time take numbers too
  echo ${Number(old) - 1} > /proc/sys/kernel/ns_last_pid
  sleep 99999 & [ $! = ${old} ] && exit 0
  kill $!
done
exit 1
END
cat > /etc/systemd/system/stranger.service <<'END'
[Unit]
DefaultDependencies=no
Before=basic.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /usr/local/sbin/stranger
[Install]
WantedBy=sysinit.target
END
systemctl -q enable stranger; sync`);
      talk?.session.close();
      talk = null;
      await guest?.off('systemctl reboot');
      await boot();
      await until(() => answers(kind), { what: 'the agent is there by itself', capMs: waitMs });
      expect(await sh('systemctl is-active stranger')).toBe('active');
      await greet(kind);
      const tasks = await until(
        async () => {
          const list = await talking().session.call('task.list', {});
          if (!list.ok) throw new Error(list.refusal.detail);
          return (
            list.value.tasks.every((task) => terminalTaskStates.has(task.status.state)) && list.value.tasks
          );
        },
        { what: 'every task from before has its end', capMs: waitMs },
      );
      const told = tasks.find((task) => task.info.name === 'lasting')?.status;
      expect(told).toMatchObject({ state: 'TASK_LOST', reason: 'REASON_AGENT_RESTARTED' });
      expect(await sh(`cat /proc/${old}/comm`)).toBe('sleep');
      await sh('systemctl -q disable --now stranger');
    },
    limitMs,
  );

  it(
    'TestA5_ARemovalLeavesNothing',
    async () => {
      const unit = await unitOf(kind);
      talk?.session.close();
      talk = null;
      await login(kind, stopAgentScript, [kind.dir, 'stop']);
      await login(kind, dropFilesScript, [kind.dir]);
      const left = await sh(
        `find / -xdev \\( -name ${unit} -o -name .mesolite -o -path /var/lib/mesolite -o -path '/home/u/.config/*' -o -path '/var/lib/systemd/linger/*' \\); pgrep -l mesolite || true`,
      );
      expect(left).toBe('');
    },
    limitMs,
  );
});
