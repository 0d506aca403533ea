// The agents of the demo rack: real processes on this computer, each with a folder and a share of its own. Reached
// like this computer's own agent; taken away by the steps of a removal, and nothing of them may stay behind.
import { execFile } from 'node:child_process';
import { lstat, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RemovalStep } from '../../contract/enrolment.ts';
import { type Refusal, type Result, refuse } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import { type DemoSlice, demoSliceOf, type MachineRecord } from '../../contract/machine.ts';
import type { IssuedEffect } from '../../core/kernel/effects.ts';
import type { Posted, StepOutcome } from '../../core/kernel/events.ts';
import type { Clock } from '../../core/kernel/ports.ts';
import { LocalAgent, type LocalChannel } from './local-agent.ts';

/** Nobody waits long for a demo: TERM, and KILL after this, whatever grace the task has. */
const graceMs = 3000;
const endTasksCapMs = 15_000;
const stopCapMs = 30_000;
const killCapMs = 5000;
/** The agent's own words when there is no daemon to stop. */
const notRunning = 'not running';

export type DemoAgentsOptions = {
  readonly binary: string | null;
  /** `<userData>/demo`; each machine has the folder of its id in it. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  readonly endTasks: (machineId: MachineId, signal: AbortSignal, graceMs: number) => Promise<Result<number>>;
};

type RemovalEffect = Extract<IssuedEffect, { kind: 'run-removal-step' }>;
type Report = { readonly ran: string; readonly answered: string; readonly refusal: Refusal | null };

export function isDemoEffect(effect: IssuedEffect): effect is RemovalEffect {
  return effect.kind === 'run-removal-step' && demoSliceOf(effect.machine) !== null;
}

export class DemoAgents {
  private readonly options: DemoAgentsOptions;
  private readonly agents = new Map<MachineId, LocalAgent>();

  constructor(options: DemoAgentsOptions) {
    this.options = options;
  }

  async dial(machine: MachineRecord, signal: AbortSignal): Promise<Result<LocalChannel>> {
    const slice = demoSliceOf(machine);
    if (slice === null) return refuse('invalid', 'local-machine', machine.name);
    return this.agentOf(machine.id, slice).dial(signal);
  }

  run(effect: RemovalEffect, post: (event: Posted) => void): void {
    const { step, machine, attempt } = effect;
    const startedMs = this.options.clock.monoMs();
    void this.remove(machine.id, step)
      .catch((error: unknown) => told('', '', 'step-failed', String(error)))
      .then(({ ran, answered, refusal }) => {
        const outcome: StepOutcome =
          refusal === null ? { kind: 'done', learned: {} } : { kind: 'failed', refusal };
        const tookMs = this.options.clock.monoMs() - startedMs;
        post({
          kind: 'lane-step-finished',
          machineId: machine.id,
          attempt,
          step,
          ran,
          answered,
          tookMs,
          outcome,
        });
      });
  }

  /**
   * Takes away what an earlier run left for machines that the database no longer knows. Asked for each folder anew: a
   * machine's record is there before its folder.
   */
  async sweep(isKnown: (machineId: string) => boolean): Promise<void> {
    const names = await readdir(this.options.dir).catch(() => []);
    for (const name of names) {
      if (isKnown(name) || !/^m-[\w-]+$/.test(name)) continue;
      const dir = join(this.options.dir, name);
      const reports = [await this.stopAgent(dir), await this.dropFiles(dir)];
      this.options.log(`demo rack: swept ${dir}: ${reports.map((each) => each.answered).join('; ')}`);
    }
  }

  private agentOf(machineId: MachineId, slice: DemoSlice): LocalAgent {
    const known = this.agents.get(machineId);
    if (known !== undefined) return known;
    const { binary, log } = this.options;
    const dir = join(this.options.dir, machineId);
    const agent = new LocalAgent({
      binary,
      dir,
      capacity: capacityWords(slice),
      log,
      onFault: () => undefined,
    });
    this.agents.set(machineId, agent);
    return agent;
  }

  private async remove(machineId: MachineId, step: RemovalStep): Promise<Report> {
    const dir = join(this.options.dir, machineId);
    switch (step) {
      case 'tasks':
        return this.endTasks(machineId);
      case 'stop-agent':
        // A start that is still under way would come up behind our back.
        await this.agents.get(machineId)?.settled();
        return this.stopAgent(dir);
      case 'files':
        return this.dropFiles(dir);
      case 'verify':
        this.agents.delete(machineId);
        return verify(dir);
      case 'connect':
      case 'key':
        return told(step, 'nothing to do on this computer');
    }
  }

  private async endTasks(machineId: MachineId): Promise<Report> {
    const ran = `task.kill for every task, KILL after ${graceMs / 1000} s`;
    const ended = await this.options.endTasks(machineId, AbortSignal.timeout(endTasksCapMs), graceMs);
    if (ended.ok) return told(ran, `${ended.value} ended`);
    // Whatever is left is ended together with its agent in the next step.
    return told(ran, ended.refusal.detail);
  }

  private async stopAgent(dir: string): Promise<Report> {
    const { binary } = this.options;
    if (binary === null) return told('', 'there is no agent for this computer');
    const ran = `mesolite-agent stop --tasks stop --dir ${dir}`;
    let stopped = await runProgram(binary, ['stop', '--tasks', 'stop', '--dir', dir]);
    if (stopped === notRunning && (await processesOf(dir)).length > 0) {
      // Tasks outlive their agent. Started once more it finds them and ends them with everything they made.
      await runProgram(binary, ['daemon', '--dir', dir]);
      stopped = await runProgram(binary, ['stop', '--tasks', 'stop', '--dir', dir]);
    }
    const killed = await killRest(dir);
    return told(ran, killed === 0 ? stopped : `${stopped}; ${killed} processes had to be killed`);
  }

  private async dropFiles(dir: string): Promise<Report> {
    const ran = `rm -r ${dir}`;
    const found = await lstat(dir).catch(() => null);
    if (found === null) return told(ran, 'it was gone already');
    if (!found.isDirectory()) return told(ran, '', 'folder-guard', `${dir} is not a folder of ours`);
    try {
      await rm(dir, { recursive: true, maxRetries: 3, retryDelay: 100 });
    } catch (error) {
      return told(ran, '', 'files-left', String(error));
    }
    // The last one takes the common folder along; as long as others are in it, this fails as it should.
    await rmdir(this.options.dir).catch(() => undefined);
    return told(ran, 'removed');
  }
}

/** Below the ports of this computer's own agent; each slot has its own thousand. */
const portsFrom = 20_000;
const portsEach = 1000;

/** `cpus=0.6,mem=640,disk=2048,gpus=0,ports=21000-21999`, for `--capacity`. */
function capacityWords({ slot, capacity }: DemoSlice): string {
  const begin = portsFrom + slot * portsEach;
  const ports = `${begin}-${begin + portsEach - 1}`;
  return `cpus=${capacity.cpusMilli / 1000},mem=${capacity.memMib},disk=${capacity.diskMib},gpus=0,ports=${ports}`;
}

function told(ran: string, answered: string, reason?: string, detail = ''): Report {
  return { ran, answered, refusal: reason === undefined ? null : { code: 'internal', reason, detail } };
}

async function verify(dir: string): Promise<Report> {
  const ran = `look for ${dir} and for processes of it`;
  const pids = await processesOf(dir);
  if (pids.length > 0) return told(ran, '', 'files-left', `processes ${pids.join(' ')}`);
  if ((await lstat(dir).catch(() => null)) !== null) return told(ran, '', 'files-left', dir);
  return told(ran, 'no file and no process of it is left');
}

/** What it said, or why it could not. How it ended decides nothing: what is left afterwards is looked for. */
function runProgram(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: '/', timeout: stopCapMs, killSignal: 'SIGKILL' }, (error, out, errors) => {
      resolve(`${out}${errors}`.trim().slice(-500) || (error?.message ?? ''));
    });
  });
}

/** How many had to be killed: the last resort, when an agent did not do it. */
async function killRest(dir: string): Promise<number> {
  const killed = new Set<number>();
  const untilMs = performance.now() + killCapMs;
  for (;;) {
    const pids = await processesOf(dir);
    if (pids.length === 0 || performance.now() > untilMs) return killed.size;
    for (const pid of pids) {
      killed.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // ended by itself
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Its agent, the shims of its tasks and the tasks: never a shell or an editor that just looks into the folder. */
async function processesOf(dir: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []); // no /proc here: none are known
  const pids = names.map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const mine = await Promise.all(pids.map((pid) => belongsTo(pid, dir)));
  return pids.filter((_pid, index) => mine[index] === true);
}

async function belongsTo(pid: number, dir: string): Promise<boolean> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const isWithin = (path: string) => path === dir || path.startsWith(`${dir}/`);
  // The agent gives this variable to every task, and what a task starts inherits it.
  const sandbox = (await read('environ')).split('\0').find((each) => each.startsWith('MESOS_SANDBOX='));
  if (sandbox !== undefined && isWithin(sandbox.slice('MESOS_SANDBOX='.length))) return true;
  const words = (await read('cmdline')).split('\0');
  const isOurs = /^mesolite-(agent|shim)$/.test(basename(words[0] ?? ''));
  return isOurs && words.some((word) => isWithin(word));
}
