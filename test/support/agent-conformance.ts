/**
 * What the app relies on in any agent, real or fake (docs/wire.md). Both run this same suite, so the fake cannot drift.
 * A task's command line must be one that the fake knows too: `echo WORDS`, `exit N`, `sleep N`.
 */
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskId } from '../../electron/contract/ids.ts';
import { aTask, conformanceMaster, Talk } from './agent-talk.ts';
import { describeFiles } from './files-conformance.ts';
import { until } from './wait.ts';

export type AgentUnderTest = {
  /** A new connection, without a preamble. */
  connect(): Promise<Duplex>;
  stop(): Promise<void>;
};

export function describeAgent(name: string, open: () => Promise<AgentUnderTest>): void {
  describe(name, () => {
    let agent: AgentUnderTest;
    beforeAll(async () => {
      agent = await open();
    });
    afterAll(() => agent?.stop());

    const talk = async (as = conformanceMaster()): Promise<Talk> => {
      const fresh = new Talk(await agent.connect());
      expect(await fresh.session.hello(as)).toMatchObject({ ok: true });
      return fresh;
    };

    it('answers nothing before hello', async () => {
      const fresh = new Talk(await agent.connect());
      expect(await fresh.session.call('ping', {})).toMatchObject({ ok: false });
      fresh.session.close();
    });

    it('tells at hello who it is, what it has and what it holds', async () => {
      const fresh = new Talk(await agent.connect());
      const hello = await fresh.session.hello(conformanceMaster());
      if (!hello.ok) throw new Error(hello.refusal.detail);
      expect(hello.value.agentId).toMatch(/^a-/);
      expect(hello.value.facts.cpus).toBeGreaterThan(0);
      expect(hello.value.resources.memMib).toBeGreaterThan(0);
      fresh.session.close();
    });

    it('sends samples once subscribed', async () => {
      const one = await talk();
      expect(await one.session.call('sample.subscribe', { everyMs: 100 })).toMatchObject({ ok: true });
      await until(() => one.events.filter((event) => event.event === 'sample').length >= 3, {
        what: 'three samples',
      });
      one.session.close();
    });

    it('runs a task: accepted, running, finished, with its output', async () => {
      const one = await talk();
      const info = aTask('ok', 'echo hello there');
      await one.launch(info);
      const last = await one.stateOf(info.taskId, 'TASK_FINISHED');
      expect(last.status).toMatchObject({
        exitCode: 0,
        message: 'exited with code 0',
        source: 'SOURCE_AGENT',
      });
      expect(one.states(info.taskId).filter((state) => state !== 'TASK_STARTING')).toEqual([
        'TASK_RUNNING',
        'TASK_FINISHED',
      ]);
      expect(await one.log(info.taskId)).toEqual({ text: 'hello there\n', cause: 'finished', start: 0 });
      expect((await one.log(info.taskId, 6)).text).toBe('there\n');
      expect((await one.log(info.taskId, -6)).text).toBe('there\n');
      expect((await one.log(info.taskId, 0, true)).text).toBe('hello there\n');
      one.session.close();
    });

    it('tells an exit code', async () => {
      const one = await talk();
      const info = aTask('three', 'exit 3');
      await one.launch(info);
      const last = await one.stateOf(info.taskId, 'TASK_FAILED');
      expect(last.status).toMatchObject({ exitCode: 3, message: 'exited with code 3' });
      one.session.close();
    });

    it('gives the old answer when a launch is repeated', async () => {
      const one = await talk();
      const info = aTask('twice', 'echo once');
      await one.launch(info);
      await one.stateOf(info.taskId, 'TASK_FINISHED');
      await one.launch(info);
      expect((await one.log(info.taskId)).text).toBe('once\n');
      one.session.close();
    });

    it('kills', async () => {
      const one = await talk();
      const info = aTask('long', 'sleep 600');
      await one.launch(info);
      await one.stateOf(info.taskId, 'TASK_RUNNING');
      expect(await one.session.call('task.kill', { taskId: info.taskId, graceMs: 200 })).toMatchObject({
        ok: true,
      });
      await one.stateOf(info.taskId, 'TASK_KILLED');
      one.session.close();
    });

    it('refuses a launch after a kill, for ever', async () => {
      const one = await talk();
      const info = aTask('late', 'echo never');
      await one.session.call('task.kill', { taskId: info.taskId, graceMs: null });
      const refused = await one.session.call('task.launch', { info });
      expect(refused).toMatchObject({
        ok: false,
        refusal: { code: 'conflict', reason: 'killed-before-launch' },
      });
      one.session.close();
    });

    it('sends an update again at the next hello until it is acknowledged, and forgets only then', async () => {
      const one = await talk();
      one.isAcknowledging = false;
      const info = aTask('again', 'echo again');
      await one.launch(info);
      await one.stateOf(info.taskId, 'TASK_RUNNING');
      await until(
        async () => {
          const list = await one.session.call('task.list', {});
          return (
            list.ok &&
            list.value.tasks.some((task) => task.info.taskId === info.taskId && task.endedAtMs !== null)
          );
        },
        { what: 'the task has ended' },
      );
      expect(one.states(info.taskId)).not.toContain('TASK_FINISHED');
      expect(await one.session.call('task.forget', { taskId: info.taskId })).toMatchObject({ ok: false });
      one.session.close();
      const two = await talk();
      await two.stateOf(info.taskId, 'TASK_FINISHED');
      await until(async () => (await two.session.call('task.forget', { taskId: info.taskId })).ok, {
        what: 'forgotten',
      });
      const list = await two.session.call('task.list', {});
      expect(list.ok && list.value.tasks.map((task) => task.info.taskId)).not.toContain(info.taskId);
      two.session.close();
    });

    it('follows a log while the task runs', async () => {
      const one = await talk();
      const info = aTask('follow', 'sleep 600');
      await one.launch(info);
      await one.stateOf(info.taskId, 'TASK_RUNNING');
      const reading = one.log(info.taskId, 0, true);
      await one.session.call('task.kill', { taskId: info.taskId, graceMs: 100 });
      expect((await reading).cause).toBe('finished');
      one.session.close();
    });

    it('refuses a log nobody has', async () => {
      const one = await talk();
      const opened = await one.session.openLog(
        { taskId: 't-nobody' as TaskId, file: 'stdout', offset: 0, follow: false },
        { data: () => {}, end: () => {} },
      );
      expect(opened).toMatchObject({ ok: false, refusal: { code: 'not-found' } });
      one.session.close();
    });

    it('refuses another master, and an older start of the same one', async () => {
      const one = await talk();
      const other = new Talk(await agent.connect());
      expect(await other.session.hello(conformanceMaster('other'))).toMatchObject({
        ok: false,
        refusal: { code: 'conflict', reason: 'lease-held' },
      });
      const older = new Talk(await agent.connect());
      expect(await older.session.hello(conformanceMaster('conformance', 4))).toMatchObject({
        ok: false,
        refusal: { code: 'conflict', reason: 'lease-old-epoch' },
      });
      expect(one.closed).toBeNull();
      for (const one_ of [one, other, older]) one_.session.close();
    });

    it('ends the older connection when its holder comes again', async () => {
      const one = await talk();
      const two = await talk();
      await until(() => one.closed, { what: 'the older connection ends' });
      expect(one.closed).toMatchObject({ reason: 'lease-lost' });
      expect(await two.session.call('ping', {})).toMatchObject({ ok: true });
      two.session.close();
    });

    describeFiles(talk);

    it('refuses to end while tasks run when asked to end only if idle', async () => {
      const one = await talk();
      const info = aTask('busy', 'sleep 600');
      await one.launch(info);
      const refused = await one.session.call('agent.shutdown', { tasks: 'keep', onlyIfIdle: true });
      expect(refused).toMatchObject({ ok: false, refusal: { code: 'conflict', reason: 'tasks-running' } });
      expect(await one.session.call('agent.shutdown', { tasks: 'stop', onlyIfIdle: false })).toMatchObject({
        ok: true,
      });
      await until(() => one.closed, { what: 'the connection ends' });
    });
  });
}
