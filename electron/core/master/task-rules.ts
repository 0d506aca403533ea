// What is asked of a machine that cannot be had there is refused before it is sent, with the one thing that is wrong.
// What cannot be enforced is never promised.
import type { Refusal, RefusalCode } from '../../contract/errors.ts';
import type { AgentRecord, MachineFacts } from '../../contract/machine.ts';
import type { Reason } from '../../contract/reasons.ts';
import type { TaskInfo } from '../../contract/task.ts';
import type { Check, Container } from '../../contract/task-life.ts';

/** Everything an agent from before 0.2 would silently leave out. */
const lifeOptions = [
  'limits',
  'restart',
  'maxCompletionMs',
  'health',
  'readiness',
  'artifacts',
  'results',
  'container',
  'logMib',
] as const satisfies readonly (keyof TaskInfo)[];

export function refuseTask(info: TaskInfo, agent: AgentRecord): Refusal | null {
  const { facts } = agent;
  return (
    refuseCommand(info, facts) ??
    refuseAge(info, agent) ??
    refuseLimits(info) ??
    refuseIsolation(info, facts) ??
    refuseChecks(info) ??
    refuseArtifacts(info) ??
    refuseResults(info) ??
    refuseContainer(info.container, facts)
  );
}

function no(code: RefusalCode, reason: Reason, detail: string): Refusal {
  return { code, reason, detail };
}

function refuseCommand({ command, container }: TaskInfo, facts: MachineFacts): Refusal | null {
  if (!container && command.value.trim() === '')
    return no('invalid', 'command-empty', 'the command is empty');
  // The image has its own users; an engine switches to them without root.
  if (container || command.user === null || command.user === facts.user || facts.uid === 0) return null;
  return no('unsupported', 'user-needs-root', `the agent runs as ${facts.user}`);
}

function refuseAge(info: TaskInfo, agent: AgentRecord): Refusal | null {
  if (agent.facts.isolation) return null;
  const asked = lifeOptions.find((name) => isAsked(info, name));
  if (asked === undefined) return null;
  return no('unsupported', 'agent-too-old', `${asked}: the agent is version ${agent.version}`);
}

/** A form may name an option without asking for anything. */
function isAsked(info: TaskInfo, name: (typeof lifeOptions)[number]): boolean {
  const value = info[name];
  if (value === undefined) return false;
  if (name === 'restart') return info.restart?.on !== 'never';
  if (Array.isArray(value)) return value.length > 0;
  if (name === 'limits') return Object.values(info.limits ?? {}).some((limit) => typeof limit === 'number');
  return true;
}

function refuseLimits({ limits, resources }: TaskInfo): Refusal | null {
  for (const name of ['cpusMilli', 'memMib'] as const) {
    const limit = limits?.[name];
    if (typeof limit === 'number' && limit < resources[name]) {
      return no('invalid', 'limits-below-request', `${name}: limit ${limit}, request ${resources[name]}`);
    }
  }
  return null;
}

function refuseIsolation({ limits, resources }: TaskInfo, { isolation }: MachineFacts): Refusal | null {
  if (!isolation) return null;
  if (typeof limits?.cpusMilli === 'number' && isolation.cpu !== 'quota') {
    return no('unsupported', 'limit-cpu-unsupported', `CPU is held by ${isolation.cpu}`);
  }
  if (typeof limits?.memMib === 'number' && isolation.memory === 'none') {
    return no('unsupported', 'limit-mem-unsupported', 'memory is not held');
  }
  if (typeof limits?.pids === 'number' && isolation.pids === 'none') {
    return no('unsupported', 'limit-pids-unsupported', 'processes are not held');
  }
  if (resources.gpus > 0 && isolation.gpu === 'none') {
    return no('unsupported', 'gpus-unsupported', 'GPUs are not given away');
  }
  return null;
}

function refuseChecks({ health, readiness }: TaskInfo): Refusal | null {
  return refuseCheck('health', health) ?? refuseCheck('readiness', readiness);
}

function refuseCheck(name: string, check: Check | undefined): Refusal | null {
  if (!check) return null;
  const { probe } = check;
  if (probe.kind === 'command' && probe.line.trim() === '') {
    return no('invalid', 'check-wrong', `${name}: the command is empty`);
  }
  // A request line of HTTP ends at a space or a line break.
  if (probe.kind === 'http' && !/^\/[\u0021-\u007e]*$/.test(probe.path)) {
    return no('invalid', 'check-wrong', `${name}: the path ${JSON.stringify(probe.path.slice(0, 100))}`);
  }
  return null;
}

function refuseArtifacts({ artifacts = [] }: TaskInfo): Refusal | null {
  const taken = new Set<string>();
  for (const { url, sha256, path, extract } of artifacts) {
    if (url === null && sha256 === null) return no('invalid', 'artifact-without-source', path);
    const place = insideSandbox(path);
    if (place === null || (place === '' && !extract)) return no('invalid', 'artifact-path-wrong', path);
    // Several archives may be unpacked into one folder; two files cannot have one name.
    if (extract) continue;
    if (taken.has(place)) return no('invalid', 'artifact-path-taken', path);
    taken.add(place);
  }
  return null;
}

/** Without `.` and empty parts; null when it leads out. */
function insideSandbox(path: string): string | null {
  if (path.startsWith('/') || path.includes('\0')) return null;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? null : parts.join('/');
}

function refuseResults({ results = [] }: TaskInfo): Refusal | null {
  const bad = results.find((pattern) => !isPattern(pattern));
  return bad === undefined ? null : no('invalid', 'result-pattern-wrong', bad);
}

/** As `path.Match`: `*`, `?`, `[a-z]`, `[^a]`, `\\x`; `**` only as a whole part. */
function isPattern(pattern: string): boolean {
  if (insideSandbox(pattern) === null) return false;
  return pattern
    .split('/')
    .every((part) => part === '**' || (!part.includes('**') && hasClosedClasses(part)));
}

function hasClosedClasses(part: string): boolean {
  const plain = part.replace(/\\./g, 'x');
  if (plain.includes('\\')) return false;
  const rest = plain.replace(/\[\^?(?:[^\]-](?:-[^\]-])?)+\]/g, 'x');
  return !rest.includes('[');
}

function refuseContainer(container: Container | undefined, facts: MachineFacts): Refusal | null {
  if (!container) return null;
  const engines = facts.engines ?? [];
  const { engine, network, ports } = container;
  if (engines.length === 0 || (engine !== null && !engines.some((each) => each.engine === engine))) {
    const has = engines.map((each) => each.engine).join(', ') || 'none';
    return no('unsupported', 'container-engine-missing', `wants ${engine ?? 'any'}, the machine has ${has}`);
  }
  if (ports.length > 0 && network !== 'bridge') {
    return no('invalid', 'container-ports-useless', `the network is ${network}`);
  }
  const taken = new Set<string>();
  for (const { host, protocol } of ports) {
    const port = `${host}/${protocol}`;
    if (taken.has(port)) return no('invalid', 'container-port-twice', port);
    taken.add(port);
  }
  return null;
}
