// The model of the ssh adapter: steps of lanes take time, fail now and then, and change what is installed on a host.
import type { EnrolmentStep, RemovalStep } from '../../electron/contract/enrolment.ts';
import type { MachineId } from '../../electron/contract/ids.ts';
import type { Effect, LaneContext } from '../../electron/core/kernel/effects.ts';
import type { Learned, Posted, StepOutcome } from '../../electron/core/kernel/events.ts';
import { aHostKey } from '../support/builders.ts';
import type { Host, World } from './world.ts';

export type LanesOptions = {
  readonly world: World;
  readonly post: (event: Posted) => void;
  /** Steps fail by themselves now and then. */
  readonly isQuirky: () => boolean;
};

type Report = {
  readonly machineId: MachineId;
  readonly attempt: number;
  readonly step: EnrolmentStep | RemovalStep;
};

export class Lanes {
  readonly #options: LanesOptions;
  readonly #working = new Set<Host>();
  readonly #cleaned = new Set<string>();
  #isAlive = true;

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  run(effect: Effect): boolean {
    switch (effect.kind) {
      case 'run-enrolment-step':
        this.#enrol(effect.step, effect.context);
        return true;
      case 'run-removal-step':
        this.#remove(effect);
        return true;
      case 'clean-up-lane':
        this.#cleanUp(effect.context);
        return true;
      case 'drop-secrets':
        this.#settle(effect.machineId);
        return true;
      default:
        return false;
    }
  }

  /** The master died in the middle: what was half done there stays (a later issue finds it). */
  die(): void {
    this.#isAlive = false;
    for (const host of this.#working) host.mayHaveLeftovers = true;
    for (const host of this.#options.world.hosts) if (host.installedBy !== null) host.mayHaveLeftovers = true;
  }

  #later(ms: number, call: () => void): void {
    this.#options.world.time.timers.after(ms, () => {
      if (this.#isAlive) call();
    });
  }

  #enrol(step: EnrolmentStep, context: LaneContext): void {
    const { world } = this.#options;
    const host = world.host(context.address);
    const by = `${context.machineId}#${context.attempt}`;
    this.#working.add(host);
    this.#later(world.between(5, 400), () => {
      this.#working.delete(host);
      const report = { machineId: context.machineId, attempt: context.attempt, step };
      if (!world.isReachable(host)) {
        this.#later(2000, () => this.#report(report, failed('unreachable', 'no-route')));
      } else if (this.#options.isQuirky()) {
        this.#report(
          report,
          step === 'login' ? failed('unauthorized', 'password-refused') : failed('internal', 'broken'),
        );
      } else {
        // A clean-up ends the step that runs, but its answer may be on the way already.
        if (step === 'start' && !host.agent && !this.#cleaned.has(by)) {
          world.install(host);
          host.installedBy = by;
        }
        this.#report(report, { kind: 'done', learned: learned(step, host) });
      }
    });
  }

  #cleanUp(context: LaneContext): void {
    const { world } = this.#options;
    const host = world.host(context.address);
    const by = `${context.machineId}#${context.attempt}`;
    this.#cleaned.add(by);
    this.#later(world.between(5, 500), () => {
      // Out of reach: the adapter cannot do more, and says so in the log.
      if (host.installedBy === by && !world.isReachable(host)) host.mayHaveLeftovers = true;
      else if (host.installedBy === by) uninstall(host);
      if (host.installedBy === by) host.installedBy = null;
      this.#options.post({ kind: 'lane-cleaned-up', machineId: context.machineId, attempt: context.attempt });
    });
  }

  #settle(machineId: MachineId): void {
    for (const host of this.#options.world.hosts) {
      if (host.installedBy?.startsWith(`${machineId}#`)) host.installedBy = null;
    }
  }

  #remove(effect: Extract<Effect, { kind: 'run-removal-step' }>): void {
    const { world } = this.#options;
    const { machine, attempt, step } = effect;
    const host = world.host(machine.via.kind === 'ssh' ? machine.via.address : '');
    // I6: what runs there is somebody's; only a person has it taken away.
    if (!world.asked.removals.has(machine.id)) world.violate(`I6 nobody asked to remove ${machine.id}`);
    this.#later(world.between(5, 300), () => {
      const report = { machineId: machine.id, attempt, step };
      if (!world.isReachable(host)) {
        this.#later(2000, () => this.#report(report, failed('unreachable', 'no-route')));
      } else if (this.#options.isQuirky()) this.#report(report, failed('internal', 'broken'));
      else {
        if (step === 'stop-agent' && host.agent) host.agent.isUp = false;
        if (step === 'files') uninstall(host);
        this.#report(report, { kind: 'done', learned: {} });
      }
    });
  }

  #report(report: Report, outcome: StepOutcome): void {
    if (!this.#isAlive) return;
    this.#options.post({ kind: 'lane-step-finished', ...report, ran: '', answered: '', tookMs: 1, outcome });
  }
}

export function uninstall(host: Host): void {
  if (host.agent) {
    host.agent.isUp = false;
    host.agent.onUpdate = null;
  }
  host.agent = null;
}

function failed(code: 'unreachable' | 'unauthorized' | 'internal', reason: string): StepOutcome {
  return { kind: 'failed', refusal: { code, reason, detail: '' } };
}

function learned(step: EnrolmentStep, host: Host): Learned {
  switch (step) {
    case 'identify':
      return { hostKey: aHostKey(host.name) };
    case 'login':
      return { login: { kind: 'own-key' }, keyPlanted: true };
    case 'space':
      return { agentDir: '/home/ada/.mesolite' };
    default:
      return {};
  }
}
