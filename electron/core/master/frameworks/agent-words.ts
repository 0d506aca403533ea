// What an agent is to schedulers and to the allocator: whether it may be offered, and its attributes.
import {
  type AgentRecord,
  demoSliceOf,
  type LinkRecord,
  type MachineFacts,
  type MachineRecord,
} from '../../../contract/machine.ts';
import type { Attribute } from '../../../contract/offer.ts';
import type { AgentMode, Unavailability } from '../../allocator/types.ts';

type Known = {
  readonly agent: AgentRecord;
  readonly machine: MachineRecord | undefined;
  readonly link: LinkRecord | undefined;
};

/** A silent link is no proof that the machine can take work, so nothing of it is offered. */
export function modeOf({ agent, machine, link }: Known): AgentMode {
  if (agent.state.kind !== 'active' || link?.phase !== 'live') return 'unreachable';
  const { availability } = agent;
  if (availability) return availability.kind === 'deactivated' ? 'deactivated' : 'draining';
  return machine && machine.removal === null ? 'active' : 'deactivated';
}

/** When the machine will be away, as planned. */
export function unavailabilityOf(machine: MachineRecord | undefined): Unavailability | null {
  if (!machine?.maintenance) return null;
  const { startMs, durationMs } = machine.maintenance;
  return { startMs, durationMs };
}

type Made = { readonly machine: MachineRecord | undefined; readonly attributes: readonly Attribute[] };
/** A record never changes, so what was made of it holds as long as there is one. */
const made = new WeakMap<AgentRecord, Made>();

/** Labels that people gave, and the facts that a placement may depend on under our own prefix. The same list for the same records. */
export function attributesOf(agent: AgentRecord, machine: MachineRecord | undefined): readonly Attribute[] {
  const known = made.get(agent);
  if (known && known.machine === machine) return known.attributes;
  const attributes = makeAttributes(agent, machine);
  made.set(agent, { machine, attributes });
  return attributes;
}

function makeAttributes({ facts, version }: AgentRecord, machine: MachineRecord | undefined): Attribute[] {
  const labels = machine ? (demoSliceOf(machine)?.attributes ?? []) : [];
  const words: Record<string, string> = {
    'mesolite.machine': machine?.name ?? facts.hostname,
    'mesolite.arch': facts.arch,
    'mesolite.os': systemOf(facts),
    'mesolite.release': facts.os,
    'mesolite.agent': version,
    'mesolite.user': facts.user,
    'mesolite.uid': String(facts.uid),
  };
  const gpu = facts.gpus[0];
  if (gpu) words['mesolite.gpu'] = gpu.model;
  for (const { engine, version: engineVersion } of facts.engines ?? [])
    words[`mesolite.engine.${engine}`] = engineVersion;
  if (facts.isolation) {
    for (const name of ['cpu', 'memory', 'pids', 'disk', 'gpu'] as const) {
      words[`mesolite.isolation.${name}`] = facts.isolation[name];
    }
  }
  const own = Object.entries(words).map(([name, text]) => ({ name, text }));
  return [...labels.map(({ key, value }) => ({ name: key, text: value })), ...own];
}

/** In the words of Go, as `arch` is: the agent tells only the name of the release. */
function systemOf({ os }: MachineFacts): string {
  return os.startsWith('macOS') ? 'darwin' : 'linux';
}
