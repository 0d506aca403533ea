// What people asked of machines that shall take no work: drains, pauses, maintenance. From it follows which tasks may be told to
// end for it, how little time they may be given, and which machine may be declared gone.
import type { CommandEvent } from '../../electron/core/kernel/events.ts';

type Asked = {
  /** Caps of drains that were asked for; null: as each task asks. */
  readonly capsMs: (number | null)[];
  /** Starts of maintenance, by the clock on the wall. */
  readonly startsMs: number[];
  mayBeGone: boolean;
};

export class Outages {
  readonly #machines = new Map<string, Asked>();
  /** The latest that the master was told: it may have been set back since. */
  #wallMs = Number.NEGATIVE_INFINITY;

  note(command: CommandEvent): void {
    if (command.kind === 'drain-agent') {
      const asked = this.#of(command.machineId);
      asked.capsMs.push(command.graceMs);
      asked.mayBeGone ||= command.markGone;
    } else if (command.kind === 'plan-maintenance' && command.window) {
      this.#of(command.machineId).startsMs.push(command.window.startMs);
    }
  }

  see(wallMs: number): void {
    this.#wallMs = Math.max(this.#wallMs, wallMs);
  }

  /** I6: its tasks are told to end only because a person said so, or planned it for a time that has come. */
  mayDrain(machineId: string): boolean {
    const asked = this.#machines.get(machineId);
    return asked !== undefined && (asked.capsMs.length > 0 || this.#hasBegun(asked));
  }

  mayGrant(machineId: string, graceMs: number): boolean {
    return this.#machines.get(machineId)?.capsMs.includes(graceMs) === true;
  }

  mayBeGone(machineId: string): boolean {
    return this.#machines.get(machineId)?.mayBeGone === true;
  }

  #hasBegun({ startsMs }: Asked): boolean {
    return startsMs.some((startMs) => startMs <= this.#wallMs);
  }

  #of(machineId: string): Asked {
    const known = this.#machines.get(machineId) ?? { capsMs: [], startsMs: [], mayBeGone: false };
    this.#machines.set(machineId, known);
    return known;
  }
}
