// Machines with live agents and schedulers behind a transport: what they are told, and calls in their name.
import type { Refusal } from '../../electron/contract/errors.ts';
import type { Call, FrameworkInfo, SchedulerEvent } from '../../electron/contract/framework.ts';
import type { OfferRecord, Operation } from '../../electron/contract/offer.ts';
import type { Resources } from '../../electron/contract/resources.ts';
import type { ResourcePart } from '../../electron/contract/role.ts';
import { aHello, aMachine, aStatus, aTask, frameworkId, taskId } from './builders.ts';
import { CoreRig } from './core-rig.ts';
import { aFramework } from './some-calls.ts';

export const batch = frameworkId('batch');

type Hello = Parameters<typeof aHello>[1];

export class FrameworkRig extends CoreRig {
  /** Live machines of these names, each 4 CPUs and 8 GiB unless `hello` says otherwise. */
  static live(names: readonly string[] = ['one'], hello: Hello = {}): FrameworkRig {
    const rig = new FrameworkRig({ machines: names.map((name) => aMachine(name)) });
    for (const name of names) rig.post(aHello(name, hello));
    rig.take();
    return rig;
  }

  /** A scheduler whose task `job` was sent to the machine `one`, which took it. */
  static launched(patch: Partial<FrameworkInfo> = {}): FrameworkRig {
    const rig = FrameworkRig.live();
    rig.subscribe(patch);
    rig.accept(rig.offer(), launch('job'));
    rig.post({ kind: 'launch-answered', taskId: taskId('job'), refusal: null });
    rig.take();
    return rig;
  }

  /** The machine of a task says so of it. */
  say(name: string, state: Parameters<typeof aStatus>[1], uuid = `${name}-${state}`): void {
    const { machineId } = this.row('tasks', taskId(name));
    this.post({ kind: 'status-update-received', machineId, status: aStatus(name, state, { uuid }) });
  }

  call(call: Call): Refusal | null {
    return this.ask({ kind: 'call-scheduler-api', call });
  }

  subscribe(patch: Partial<FrameworkInfo> = {}, id = batch, streamId = 's1'): Refusal | null {
    const info = aFramework(patch);
    return this.call({ kind: 'SUBSCRIBE', frameworkId: id, info, suppressedRoles: [], streamId });
  }

  /** What schedulers were told since the last look, with the other effects dropped. */
  told(): SchedulerEvent[] {
    return this.take().flatMap((effect) => (effect.kind === 'send-scheduler-event' ? [effect.event] : []));
  }

  offers(): OfferRecord[] {
    return [...this.state.tables.offers.values()].sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  }

  /** The one offer that there must be after the next allocation. */
  offer(): OfferRecord {
    this.pass(20);
    const [offer, ...others] = this.offers();
    if (!offer || others.length > 0) throw new Error(`${this.offers().length} offers`);
    return offer;
  }

  accept(offer: OfferRecord, ...operations: readonly Operation[]): Refusal | null {
    const { frameworkId: id } = offer;
    return this.call({
      kind: 'ACCEPT',
      frameworkId: id,
      offerIds: [offer.id],
      operations: [...operations],
      filters: null,
    });
  }

  keepLive(ms: number, ...names: readonly string[]): void {
    for (let left = ms; left > 0; left -= 500) {
      this.pass(Math.min(500, left));
      for (const name of names) {
        this.post({ kind: 'link-heard', machineId: aMachine(name).id, roundTripMs: 1 });
      }
    }
  }
}

export function amounts(patch: Partial<Resources> = {}): Resources {
  return { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0, ports: [], ...patch };
}

export function launch(
  name: string,
  resources: Partial<Resources> = {},
  uses: ResourcePart[] | null = null,
): Operation {
  const info = { ...aTask(name), resources: { ...aTask(name).resources, ...resources } };
  return { kind: 'LAUNCH', tasks: [{ info, uses }] };
}

export function reserved(roles: string[], some: Partial<Resources>): ResourcePart {
  return { reservation: roles, volume: null, amounts: amounts(some) };
}
