// Carries out the steps of adding and removing machines, one lane a machine. A step is run when the core asks for it,
// is timed, and posts exactly one answer; a clean-up first ends the step that is under way.
import type { Credentials, JumpCredentials } from '../../contract/channels.ts';
import type { EnrolmentStep, RemovalStep } from '../../contract/enrolment.ts';
import { type Result, refuse } from '../../contract/errors.ts';
import type { MachineId } from '../../contract/ids.ts';
import type { MachineRecord } from '../../contract/machine.ts';
import type { IssuedEffect, LaneContext } from '../../core/kernel/effects.ts';
import type { LaneJump, Posted } from '../../core/kernel/events.ts';
import type { Clock } from '../../core/kernel/ports.ts';
import { dialSsh, openAttach, type SshChannel } from './dial.ts';
import { cleanUp } from './enrol/clean-up.ts';
import { login } from './enrol/login.ts';
import { passJumps } from './enrol/pass-jumps.ts';
import { privileges } from './enrol/privileges.ts';
import { checkHostKey, identify, reach } from './enrol/reach.ts';
import { space } from './enrol/space.ts';
import { start } from './enrol/start.ts';
import { upload } from './enrol/upload.ts';
import { confirmedHops, JumpHosts } from './jumps.ts';
import { failed, Lane, type LaneTools, type Place, type StepReport } from './lane.ts';
import { runRemovalStep } from './remove/steps.ts';
import { Vault } from './vault.ts';
import { direct, type Way } from './way.ts';
import { quote } from './words.ts';

type LaneEffectKind = 'run-enrolment-step' | 'run-removal-step' | 'clean-up-lane' | 'drop-secrets';
export type LaneEffect = Extract<IssuedEffect, { kind: LaneEffectKind }>;
type Post = (event: Posted) => void;

const laneEffectKinds: ReadonlySet<string> = new Set<LaneEffectKind>([
  'run-enrolment-step',
  'run-removal-step',
  'clean-up-lane',
  'drop-secrets',
]);
export function isLaneEffect(effect: IssuedEffect): effect is LaneEffect {
  return laneEffectKinds.has(effect.kind);
}

export type LanesOptions = Omit<LaneTools, 'vault'> & { readonly clock: Clock };

type Running = { readonly attempt: number; readonly lane: Lane; current: Promise<void> };

export class SshLanes {
  private readonly tools: LaneTools;
  private readonly clock: Clock;
  private readonly vault = new Vault();
  private readonly jumpHosts: JumpHosts;
  private readonly lanes = new Map<MachineId, Running>();

  constructor(options: LanesOptions) {
    this.tools = { ...options, vault: this.vault };
    this.clock = options.clock;
    this.jumpHosts = new JumpHosts(options.sources);
  }

  /** What a person typed. It stays in memory until the lane ends; `jumps`: of the jump hosts, until the machine goes. */
  hold(machineId: MachineId, credentials: Credentials, jumps: readonly JumpCredentials[] = []): void {
    this.vault.put(machineId, credentials);
    if (jumps.length > 0) this.vault.putJumps(machineId, jumps);
  }

  drop(machineId: MachineId): void {
    this.vault.drop(machineId);
    this.vault.dropJumps(machineId);
  }

  run(effect: LaneEffect, post: Post): void {
    switch (effect.kind) {
      case 'run-enrolment-step': {
        const { step, context } = effect;
        const running = this.laneFor(context.machineId, context.attempt, context);
        this.queue(running, () =>
          this.report(running, step, post, () => this.enrol(running.lane, step, context)),
        );
        return;
      }
      case 'run-removal-step': {
        const { step, machine, attempt, tasks } = effect;
        const running = this.laneFor(machine.id, attempt, placeOf(machine));
        running.lane.way = this.wayOf(machine);
        this.queue(running, () =>
          this.report(running, step, post, () => runRemovalStep(running.lane, { step, machine, tasks })),
        );
        return;
      }
      case 'clean-up-lane':
        void this.cleanUp(effect, post);
        return;
      case 'drop-secrets':
        this.vault.drop(effect.machineId);
        if (effect.keepsJumps !== true) this.vault.dropJumps(effect.machineId);
        this.forget(effect.machineId);
        return;
    }
  }

  /** The link's way to a machine. The lane's connection is handed over when there is one: it saves a login. */
  async dial(machine: MachineRecord, signal: AbortSignal): Promise<Result<SshChannel>> {
    const adopted = this.adopt(machine);
    if (adopted !== null) {
      const channel = await openAttach(adopted.connection, adopted.via);
      if (channel.ok) return channel;
      adopted.connection.close();
    }
    return dialSsh(machine, { sources: this.tools.sources, way: this.wayOf(machine) }, signal);
  }

  /** The process ends. */
  closeAll(): void {
    this.vault.dropAll();
    for (const { lane } of this.lanes.values()) {
      lane.abort.abort();
      lane.close();
    }
    this.lanes.clear();
    this.jumpHosts.closeAll();
  }

  private wayOf({ id, via }: MachineRecord): Way {
    return via.kind === 'ssh' ? this.wayThrough(id, via.jumps) : direct;
  }

  private wayThrough(id: MachineId, jumps: readonly LaneJump[] = []): Way {
    return this.jumpHosts.way(confirmedHops(jumps, (at) => this.vault.jumpSecret(id, at)));
  }

  private enrol(lane: Lane, step: EnrolmentStep, context: LaneContext): Promise<StepReport> {
    if (step === 'jumps') return passJumps(lane, context, this.jumpHosts);
    lane.way = this.wayThrough(context.machineId, context.jumps);
    return runEnrolmentStep(lane, step, context);
  }

  private adopt(machine: MachineRecord) {
    const lane = this.lanes.get(machine.id)?.lane;
    const { via } = machine;
    if (lane === undefined || via.kind !== 'ssh' || lane.connection?.alive !== true) return null;
    const { place, connection } = lane;
    if (place.address !== via.address || place.port !== via.port || place.user !== via.user) return null;
    lane.connection = null;
    return { connection, via };
  }

  private laneFor(machineId: MachineId, attempt: number, at: Omit<Place, 'machineId'>): Running {
    const old = this.lanes.get(machineId);
    if (old !== undefined && old.attempt === attempt) return old;
    old?.lane.close();
    const place: Place = { machineId, address: at.address, port: at.port, user: at.user };
    const fresh: Running = { attempt, lane: new Lane(place, this.tools), current: Promise.resolve() };
    this.lanes.set(machineId, fresh);
    return fresh;
  }

  private queue(running: Running, work: () => Promise<void>): void {
    running.current = running.current.then(work);
  }

  private async report(
    running: Running,
    step: EnrolmentStep | RemovalStep,
    post: Post,
    work: () => Promise<StepReport>,
  ): Promise<void> {
    const { lane, attempt } = running;
    const startedMs = this.clock.monoMs();
    const report = await work().catch((error: unknown): StepReport => {
      lane.tools.log(
        `step ${step} of ${lane.where}: ${error instanceof Error ? error.stack : String(error)}`,
      );
      return failed('', { code: 'internal', reason: 'step-failed', detail: quote(String(error)) });
    });
    const tookMs = this.clock.monoMs() - startedMs;
    const { machineId } = lane.place;
    const ran = report.ran.slice(0, 8192);
    const answered = report.answered.slice(0, 8192);
    post({
      kind: 'lane-step-finished',
      machineId,
      attempt,
      step,
      ran,
      answered,
      tookMs,
      outcome: report.outcome,
    });
  }

  private async cleanUp(
    { context, keepsSecrets }: Extract<LaneEffect, { kind: 'clean-up-lane' }>,
    post: Post,
  ): Promise<void> {
    const { machineId, attempt } = context;
    const used = this.vault.get(machineId);
    const running = this.lanes.get(machineId);
    if (running !== undefined) {
      running.lane.abort.abort();
      await running.current;
      await cleanUp(running.lane, context).catch((error: unknown) => {
        this.tools.log(`clean-up of ${running.lane.where}: ${String(error)}`);
      });
      if (this.lanes.get(machineId) === running) this.lanes.delete(machineId);
    }
    // Other credentials may have come for the next attempt meanwhile: those stay.
    if (!keepsSecrets && this.vault.get(machineId) === used) this.vault.drop(machineId);
    post({ kind: 'lane-cleaned-up', machineId, attempt });
  }

  private forget(machineId: MachineId): void {
    this.lanes.get(machineId)?.lane.close();
    this.lanes.delete(machineId);
  }
}

function placeOf(machine: MachineRecord): Omit<Place, 'machineId'> {
  const { via } = machine;
  return via.kind === 'ssh' ? via : { address: 'localhost', port: 22, user: '' };
}

async function runEnrolmentStep(
  lane: Lane,
  step: Exclude<EnrolmentStep, 'jumps'>,
  context: LaneContext,
): Promise<StepReport> {
  switch (step) {
    case 'reach':
      return reach(lane);
    case 'identify':
      return identify(lane);
    case 'host-key':
      return checkHostKey(context);
    case 'login':
      return login(lane, context);
    case 'privileges':
      return privileges(lane, context);
    case 'space':
      return space(lane, context);
    case 'upload':
      return upload(lane, context);
    case 'start':
      return start(lane, context);
    case 'first-sample': {
      const refused = refuse('internal', 'step-failed', 'the first sample comes over the link');
      return failed('', refused.refusal);
    }
  }
}
