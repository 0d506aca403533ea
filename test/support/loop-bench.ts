// A loop over a fake disk and virtual time, with everything that left it in the order in which it left.
import type { Result } from '../../electron/contract/errors.ts';
import type { Patch } from '../../electron/contract/tables.ts';
import type { IssuedEffect } from '../../electron/core/kernel/effects.ts';
import type { CommandEvent } from '../../electron/core/kernel/events.ts';
import { applyDiff } from '../../electron/core/kernel/tables.ts';
import { step } from '../../electron/core/master/step.ts';
import { Loop } from '../../electron/shell/loop.ts';
import type { LogLine } from '../../electron/shell/loop-options.ts';
import { aHello, aMachine, aTask, machineId, operationId, taskId } from './builders.ts';
import { emptyDisk, type FakeDisk, FakeStore, rowsOf } from './fake-store.ts';
import { VirtualTime } from './virtual-clock.ts';

export const one = machineId('one');
export const job = taskId('job');
export const runJob = {
  kind: 'run-task',
  machineId: one,
  operationId: operationId('run'),
  info: aTask('job'),
} satisfies CommandEvent;
export const rename = {
  kind: 'edit-machine',
  machineId: one,
  name: 'new name',
  note: '',
} satisfies CommandEvent;

export class Bench {
  readonly time = new VirtualTime();
  readonly disk: FakeDisk;
  readonly store: FakeStore;
  readonly effects: IssuedEffect[] = [];
  readonly patches: Patch[] = [];
  readonly lines: LogLine[] = [];
  readonly loop: Loop;
  /** Hears each effect besides. */
  runAlso: ((effect: IssuedEffect) => void) | null = null;
  /** Order in which things left the loop. */
  readonly order: string[] = [];

  constructor(disk: FakeDisk = diskWith(), stepFn = step) {
    this.disk = disk;
    this.store = new FakeStore(disk, this.time.timers.soon);
    const write = this.store.write.bind(this.store);
    this.store.write = (batch, diff) => {
      const outcome = write(batch, diff);
      this.order.push('commit');
      return outcome;
    };
    this.loop = new Loop({
      store: this.store,
      rows: rowsOf(disk),
      runner: {
        run: (effect) => {
          this.order.push(effect.kind);
          this.effects.push(effect);
          this.runAlso?.(effect);
        },
      },
      clock: this.time,
      timers: this.time.timers,
      seed: 1,
      log: (line) => this.lines.push(line),
      step: stepFn,
    });
    this.loop.subscribe((patch) => {
      this.order.push('patch');
      this.patches.push(patch);
    });
  }

  /** Live link to machine one. */
  up(): this {
    this.time.settle();
    this.loop.post(aHello('one'));
    this.time.settle();
    this.order.length = 0;
    this.effects.length = 0;
    return this;
  }

  async ask(event: CommandEvent): Promise<Result<null>> {
    const answer = this.loop.command(event);
    this.time.settle();
    return answer;
  }

  faults(): string[] {
    return [...this.loop.state.tables.faults.keys()];
  }
}

export function diskWith(): FakeDisk {
  const disk = emptyDisk();
  disk.tables = applyDiff(disk.tables, { machines: { put: [aMachine('one')], drop: [] } });
  return disk;
}
