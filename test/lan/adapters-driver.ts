/** Drives adapters-main.ts on the desk: runs single steps, whole additions and removals, and links. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Credentials, JumpCredentials } from '../../electron/contract/channels.ts';
import {
  type EnrolmentStep,
  enrolmentSteps,
  jumpedEnrolmentSteps,
  removalSteps,
} from '../../electron/contract/enrolment.ts';
import type { Refusal } from '../../electron/contract/errors.ts';
import type { MachineId, TaskId } from '../../electron/contract/ids.ts';
import type { HostKey, MachineRecord } from '../../electron/contract/machine.ts';
import type { Effect, IssuedEffect, LaneContext } from '../../electron/core/kernel/effects.ts';
import type { LaneJump, Learned, Posted } from '../../electron/core/kernel/events.ts';
import { until } from '../support/wait.ts';
import type { Lan } from './vlan.ts';

export type ToDriver =
  | {
      readonly kind: 'hold';
      readonly machineId: MachineId;
      readonly credentials: Credentials;
      readonly jumps?: readonly JumpCredentials[];
    }
  | { readonly kind: 'effect'; readonly effect: IssuedEffect }
  | {
      readonly kind: 'read-log';
      readonly machineId: MachineId;
      readonly taskId: TaskId;
      readonly file: 'stdout' | 'stderr';
      readonly offset: number;
      readonly follow: boolean;
    };

type StepFinished = Extract<Posted, { kind: 'lane-step-finished' }>;
export type JumpRequest = {
  readonly address: string;
  readonly port?: number;
  readonly user: string;
  readonly credentials: JumpCredentials;
  /** Pinned instead of what it shows. */
  readonly hostKey?: HostKey;
};
export type AddRequest = {
  readonly jumps?: readonly JumpRequest[];
  readonly address: string;
  readonly port?: number;
  readonly user: string;
  readonly credentials: Credentials;
  /** Stops before this step. */
  readonly before?: EnrolmentStep;
  /** Pinned instead of what `identify` shows. */
  readonly hostKey?: HostKey;
};
export type AddOutcome = {
  readonly machineId: MachineId;
  readonly steps: readonly StepFinished[];
  readonly learned: Learned;
  readonly refusal: Refusal | null;
  readonly failedStep: string | null;
  readonly machine: MachineRecord | null;
};

const program = fileURLToPath(new URL('./adapters-main.ts', import.meta.url));
const repository = fileURLToPath(new URL('../..', import.meta.url));
let counter = 0;

export class Driver {
  readonly child: ChildProcess;
  readonly events: Posted[] = [];
  readonly log: string[] = [];
  ownPublicKey = '';
  private trouble = '';
  private effects = 0;

  private constructor(child: ChildProcess) {
    this.child = child;
    child.stderr?.on('data', (piece: Buffer) => {
      this.trouble += piece.toString('utf8');
    });
    if (child.stdout === null) throw new Error('the driver needs a pipe');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as { event?: Posted; log?: string; ownPublicKey?: string };
      if (message.event !== undefined) this.onEvent(message.event);
      if (message.log !== undefined) this.log.push(message.log);
      if (message.ownPublicKey !== undefined) this.ownPublicKey = message.ownPublicKey;
    });
  }

  /** Acknowledges as the core does, or the agent would hold back a task's next update. */
  private onEvent(event: Posted): void {
    this.events.push(event);
    if (event.kind !== 'status-update-received' || event.status.uuid === null) return;
    const { taskId, uuid } = event.status;
    this.effect({ kind: 'send-ack', machineId: event.machineId, taskId, uuid });
  }

  static async start(
    lan: Lan,
    agentFolder: string,
    options: { masterId?: string; name?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Driver> {
    const folder = `${lan.desk.scratch}/${options.name ?? 'driver'}`;
    const args = ['--import', 'tsx', program, folder, agentFolder, options.masterId ?? 'master-lan'];
    const child = lan.desk.spawn(process.execPath, args, {
      cwd: repository,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    const driver = new Driver(child);
    await until(() => driver.ownPublicKey !== '' || child.exitCode !== null, {
      what: 'the driver is ready',
      capMs: 20_000,
    });
    if (child.exitCode !== null) throw new Error(`the driver ended: ${driver.trouble}`);
    return driver;
  }

  async stop(): Promise<void> {
    this.child.stdin?.end();
    await until(() => this.child.exitCode !== null || this.child.signalCode !== null, {
      what: 'the driver ends',
    });
  }

  hold(machineId: MachineId, credentials: Credentials, jumps: readonly JumpCredentials[] = []): void {
    this.write({ kind: 'hold', machineId, credentials, jumps });
  }

  effect(effect: Effect): void {
    this.effects += 1;
    this.write({ kind: 'effect', effect: { ...effect, effectId: `e-${this.effects}` } });
  }

  /** The next event that fits, among those not yet seen when this was called. */
  async next<K extends Posted['kind']>(
    kind: K,
    fits: (event: Extract<Posted, { kind: K }>) => boolean,
    capMs = 40_000,
  ): Promise<Extract<Posted, { kind: K }>> {
    const from = this.events.length;
    return this.find(kind, fits, { from, capMs });
  }

  async find<K extends Posted['kind']>(
    kind: K,
    fits: (event: Extract<Posted, { kind: K }>) => boolean,
    { from = 0, capMs = 40_000 } = {},
  ): Promise<Extract<Posted, { kind: K }>> {
    const isIt = (event: Posted): event is Extract<Posted, { kind: K }> =>
      event.kind === kind && fits(event as Extract<Posted, { kind: K }>);
    return until(() => this.events.slice(from).find(isIt), { what: `${kind} comes`, capMs, everyMs: 2 });
  }

  async step(step: EnrolmentStep, context: LaneContext): Promise<StepFinished> {
    const { machineId, attempt } = context;
    const answer = this.next(
      'lane-step-finished',
      (event) => event.machineId === machineId && event.attempt === attempt && event.step === step,
    );
    this.effect({ kind: 'run-enrolment-step', step, context });
    return answer;
  }

  /** The steps in their order as the core asks for them, then the clean-up when one failed. */
  async add(request: AddRequest): Promise<AddOutcome> {
    counter += 1;
    const machineId = `m-${process.pid}-${counter}` as MachineId;
    const { address, port = 22, user, jumps: asked = [] } = request;
    this.hold(
      machineId,
      request.credentials,
      asked.map((jump) => jump.credentials),
    );
    let context: LaneContext = { machineId, attempt: 1, address, port, user, hostKey: null, learned: {} };
    if (asked.length > 0) context = { ...context, jumps: asked.map(laneJump) };
    const steps: StepFinished[] = [];
    const plan: EnrolmentStep[] = [...(asked.length > 0 ? jumpedEnrolmentSteps : enrolmentSteps)];
    for (let step = plan.shift(); step !== undefined; step = plan.shift()) {
      if (step === 'first-sample' || step === request.before) break;
      const finished = await this.step(step, context);
      steps.push(finished);
      if (finished.outcome.kind === 'failed') {
        const cleaned = this.next('lane-cleaned-up', (event) => event.machineId === machineId);
        this.effect({ kind: 'clean-up-lane', keepsSecrets: false, context });
        await cleaned;
        const { refusal } = finished.outcome;
        return { machineId, steps, learned: context.learned, refusal, failedStep: step, machine: null };
      }
      if (finished.outcome.kind === 'done' && finished.outcome.learned.jumpKey !== undefined) {
        context = withJumpKey(context, finished.outcome.learned.jumpKey);
        plan.unshift('jumps');
      } else if (finished.outcome.kind === 'done') {
        const learned = { ...context.learned, ...finished.outcome.learned };
        const shown = step === 'identify' ? (request.hostKey ?? learned.hostKey ?? null) : context.hostKey;
        context = { ...context, learned, hostKey: shown };
      }
    }
    const machine = recordOf(context, machineId);
    return { machineId, steps, learned: context.learned, refusal: null, failedStep: null, machine };
  }

  async cleanUp(outcome: AddOutcome, request: AddRequest): Promise<void> {
    const { address, port = 22, user } = request;
    const { machineId, learned } = outcome;
    const hostKey = learned.hostKey ?? null;
    const cleaned = this.next('lane-cleaned-up', (event) => event.machineId === machineId);
    this.effect({
      kind: 'clean-up-lane',
      keepsSecrets: false,
      context: { machineId, attempt: 1, address, port, user, hostKey, learned },
    });
    await cleaned;
  }

  /** Opens the link: up, or down with its refusal. */
  async link(
    machine: MachineRecord,
    capMs = 30_000,
  ): Promise<Extract<Posted, { kind: 'link-up' | 'link-down' }>> {
    const from = this.events.length;
    this.effect({ kind: 'connect', machine });
    const isAnswer = (event: Posted): event is Extract<Posted, { kind: 'link-up' | 'link-down' }> =>
      (event.kind === 'link-up' || event.kind === 'link-down') && event.machineId === machine.id;
    return until(() => this.events.slice(from).find(isAnswer), {
      what: 'the link answers',
      capMs,
      everyMs: 2,
    });
  }

  /** Length and hash of a task's whole output. */
  async readLog(
    machineId: MachineId,
    taskId: TaskId,
    follow = false,
  ): Promise<{ bytes: number; hash: string }> {
    this.write({ kind: 'read-log', machineId, taskId, file: 'stdout', offset: 0, follow });
    const prefix = `read ${taskId} `;
    const line = await until(() => this.log.find((one) => one.startsWith(prefix)), {
      what: 'the log is read',
      capMs: 60_000,
    });
    const [cause, bytes, hash = ''] = line.slice(prefix.length).split(' ');
    if (cause !== 'finished') throw new Error(`the log ended: ${line}`);
    return { bytes: Number(bytes), hash };
  }

  /** Cancels: the clean-up while a step may still be under way. */
  async cancel(context: LaneContext): Promise<void> {
    const cleaned = this.next('lane-cleaned-up', (event) => event.machineId === context.machineId);
    this.effect({ kind: 'clean-up-lane', keepsSecrets: false, context });
    await cleaned;
  }

  async remove(machine: MachineRecord, tasks: 'stop' | 'keep'): Promise<StepFinished[]> {
    counter += 1;
    const attempt = counter + 1000;
    const steps: StepFinished[] = [];
    for (const step of removalSteps) {
      const answer = this.next(
        'lane-step-finished',
        (event) => event.attempt === attempt && event.step === step,
        90_000,
      );
      this.effect({ kind: 'run-removal-step', step, machine, attempt, tasks });
      const finished = await answer;
      steps.push(finished);
      if (finished.outcome.kind === 'failed') break;
    }
    this.effect({ kind: 'drop-secrets', machineId: machine.id });
    return steps;
  }

  private write(command: ToDriver): void {
    this.child.stdin?.write(`${JSON.stringify(command)}\n`);
  }
}

function laneJump({ address, port = 22, user, credentials, hostKey }: JumpRequest): LaneJump {
  const login = credentials.kind === 'password' ? ({ kind: 'password' } as const) : credentials.login;
  return { address, port, user, login, hostKey: hostKey ?? null };
}

/** As a person who trusts whatever is shown. */
function withJumpKey(context: LaneContext, hostKey: HostKey): LaneContext {
  const { jumps = [] } = context;
  const at = jumps.findIndex((jump) => jump.hostKey === null);
  return { ...context, jumps: jumps.map((jump, index) => (index === at ? { ...jump, hostKey } : jump)) };
}

function recordOf(context: LaneContext, id: MachineId): MachineRecord | null {
  const { learned, address, port, user, jumps = [] } = context;
  const hops = jumps.flatMap((jump) => (jump.hostKey === null ? [] : [{ ...jump, hostKey: jump.hostKey }]));
  if (learned.hostKey === undefined || learned.login === undefined || learned.agentDir === undefined)
    return null;
  return {
    id,
    name: address,
    via: {
      kind: 'ssh',
      address,
      port,
      user,
      login: learned.login,
      hostKey: learned.hostKey,
      keyPlanted: learned.keyPlanted ?? false,
      agentDir: learned.agentDir,
      sudo: learned.sudo ?? false,
      ...(hops.length > 0 ? { jumps: hops } : {}),
    },
    agentId: null,
    note: '',
    addedAtMs: 0,
    removal: null,
  };
}
