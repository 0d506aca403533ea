/**
 * A3: the power goes at any moment. What the agent confirmed is there after the next start, whole; nothing ran twice;
 * what was told of an end stays so; what ran is lost by the reboot, told once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Session } from '../../electron/adapters/agentlink/session.ts';
import type { MasterId, TaskId } from '../../electron/contract/ids.ts';
import { type TaskInfo, type TaskStatus, terminalTaskStates } from '../../electron/contract/task.ts';
import type { AgentTask } from '../../electron/contract/wire.ts';
import { createRandom } from '../../electron/core/kernel/random.ts';
import { builtAgent } from '../lan/built-agent.ts';
import { aTask } from '../support/agent-talk.ts';
import { pause, until } from '../support/wait.ts';
import { bootGuest, type Guest, makeDisk } from './guest.ts';
import { fetchKernel, type Kernel, packRoot } from './kernel.ts';

const cycles = 20;
const most = 24;

type Known = {
  readonly info: TaskInfo;
  accepted: boolean;
  /** The end that we were told, if any. */
  end: TaskStatus | null;
  forgetAsked: boolean;
  readonly uuids: Set<string>;
  readonly acked: Set<string>;
};

/** What a master knows of the agent over all its lives. */
class Book {
  readonly tasks = new Map<TaskId, Known>();
  readonly wrong: string[] = [];
  private number = 0;

  next(kind: number): TaskInfo {
    const id = `p${++this.number}`;
    const mark = `echo run >> /data/ran/t-${id}; sync /data/ran/t-${id}`;
    const ends = [`exit ${this.number % 7}`, 'sleep 0.2; exit 5', 'sleep 600', 'kill -9 $$'];
    const info = aTask(id, `${mark}; ${ends[kind % ends.length]}`);
    this.tasks.set(info.taskId, {
      info,
      accepted: false,
      end: null,
      forgetAsked: false,
      uuids: new Set(),
      acked: new Set(),
    });
    return info;
  }

  told(status: TaskStatus): void {
    const known = this.tasks.get(status.taskId);
    if (!known || status.uuid === null) {
      this.wrong.push(`an update of an unknown task ${status.taskId}`);
      return;
    }
    if (known.acked.has(status.uuid)) this.wrong.push(`${status.taskId}: a receipt was forgotten`);
    known.uuids.add(status.uuid);
    if (!terminalTaskStates.has(status.state)) {
      if (known.end) this.wrong.push(`${status.taskId}: ${status.state} after ${known.end.state}`);
      return;
    }
    if (known.end) this.sameEnd(known, status);
    known.end = status;
  }

  private sameEnd(known: Known, status: TaskStatus): void {
    const was = known.end;
    if (
      was &&
      (was.state !== status.state || was.exitCode !== status.exitCode || was.signal !== status.signal)
    )
      this.wrong.push(
        `${status.taskId}: was ${was.state} ${was.message}, is ${status.state} ${status.message}`,
      );
  }

  /** After a start: the agent's list against what it confirmed. */
  compare(held: readonly AgentTask[]): void {
    const byId = new Map(held.map((task) => [task.info.taskId, task]));
    for (const [id, known] of this.tasks) {
      const task = byId.get(id);
      if (!task) {
        if (known.accepted && !known.forgetAsked) this.wrong.push(`${id}: was accepted and is gone`);
        continue;
      }
      if (JSON.stringify(task.info) !== JSON.stringify(known.info))
        this.wrong.push(`${id}: its spec changed`);
      if (known.end && terminalTaskStates.has(task.status.state)) this.sameEnd(known, task.status);
      else if (known.end) this.wrong.push(`${id}: had ended and is ${task.status.state}`);
    }
  }
}

async function allTasks(session: Session, first: readonly AgentTask[], more: boolean): Promise<AgentTask[]> {
  const tasks = [...first];
  let isMore = more;
  while (isMore) {
    const after = tasks.at(-1)?.info.taskId;
    const page = await session.call('task.list', after === undefined ? {} : { after });
    if (!page.ok) throw new Error(page.refusal.detail);
    tasks.push(...page.value.tasks);
    isMore = page.value.more ?? false;
  }
  return tasks;
}

describe('A3: a machine whose power is cut', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'mesolite-vm-'));
  const disk = path.join(folder, 'disk');
  const root = path.join(folder, 'root.gz');
  let kernel: Kernel;
  let guest: Guest | null = null;

  beforeAll(async () => {
    kernel = fetchKernel();
    packRoot(kernel, [await builtAgent()], root);
    makeDisk(disk, 512);
  }, 300_000);
  afterAll(async () => {
    await guest?.cut();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(cycle: number, book: Book, isAcking: () => boolean): Promise<Session> {
    guest = await bootGuest({ kernel, root, disk });
    const began = await guest.sh('mkdir -p /data/ran && mesolite-agent daemon --dir /data/agent');
    expect(began, began.output).toMatchObject({ code: 0 });
    const session = new Session({
      stream: await guest.attach(),
      hasPreamble: true,
      handlers: {
        heard: () => {},
        odd: (detail) => book.wrong.push(`odd: ${detail}`),
        closed: () => {},
        event: (event) => {
          if (event.event !== 'status-update') return;
          book.told(event.status);
          const { taskId, uuid } = event.status;
          if (uuid === null || !isAcking()) return;
          void session.call('update.ack', { taskId, uuid }).then((answer) => {
            if (answer.ok) book.tasks.get(taskId)?.acked.add(uuid);
          });
        },
      },
    });
    const hello = await session.hello({
      masterId: 'master-power' as MasterId,
      epoch: cycle + 1,
      appVersion: 'test',
      takeOver: false,
    });
    if (!hello.ok) throw new Error(`${hello.refusal.reason}: ${hello.refusal.detail}`);
    book.compare(await allTasks(session, hello.value.tasks, hello.value.more ?? false));
    return session;
  }

  /** What was under way before the cut comes to an end that is told. */
  async function settle(session: Session): Promise<void> {
    await until(
      async () => {
        const page = await session.call('task.list', {});
        if (!page.ok) throw new Error(page.refusal.detail);
        const held = await allTasks(session, page.value.tasks, page.value.more ?? false);
        return held.every((task) => terminalTaskStates.has(task.status.state));
      },
      { what: 'every task from before the cut has its end', capMs: 30_000, everyMs: 200 },
    );
  }

  async function forgetEnded(session: Session, book: Book): Promise<void> {
    for (const [id, known] of book.tasks) {
      if (!known.end?.uuid || !known.acked.has(known.end.uuid) || known.forgetAsked) continue;
      known.forgetAsked = true;
      await session.call('task.forget', { taskId: id });
    }
  }

  it(
    `${cycles} times: nothing confirmed is lost, torn or doubled`,
    async () => {
      const book = new Book();
      const random = createRandom(20_261_122);
      for (let cycle = 0; cycle < cycles; cycle++) {
        const session = await start(cycle, book, () => random() < 0.7);
        await settle(session);
        if (cycle % 3 === 2) await forgetEnded(session, book);
        const cutAt = performance.now() + 200 + random() * 2000;
        const sends: Promise<void>[] = [];
        for (let n = 0; n < most && performance.now() < cutAt; n++) {
          const info = book.next(Math.floor(random() * 4));
          sends.push(
            session.call('task.launch', { info }).then((answer) => {
              const known = book.tasks.get(info.taskId);
              if (answer.ok && known) known.accepted = true;
            }),
          );
          await pause(random() * 120);
        }
        await pause(Math.max(0, cutAt - performance.now()));
        await guest?.cut();
        guest = null;
        session.close();
        await Promise.all(sends);
      }
      const session = await start(cycles, book, () => true);
      await settle(session);
      const runs = await guest?.sh('cd /data/ran && for f in *; do echo "$f $(wc -l < $f)"; done');
      for (const line of runs?.output.trim().split(/\r?\n/) ?? []) {
        const [id, count] = line.split(' ');
        if (Number(count) > 1) book.wrong.push(`${id}: ran ${count} times`);
      }
      session.close();
      const accepted = [...book.tasks.values()].filter((known) => known.accepted).length;
      expect(book.wrong).toEqual([]);
      expect(accepted).toBeGreaterThan(cycles);
    },
    cycles * 60_000,
  );
});
