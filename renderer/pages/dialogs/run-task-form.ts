// The form of the run-a-task dialog: its faults in words and the request it makes. Pure.
import type { RunTask } from '../../../electron/contract/channels.ts';
import { readCondition } from '../../../electron/contract/condition.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import type { Resources } from '../../../electron/contract/resources.ts';
import { cpus as cpusText, mib } from '../../app/messages/amounts.ts';
import { cpusLimits, type Fault, memLimits, numberIn } from './run/fields.ts';
import { emptyOptions, type OptionsForm } from './run/options-form.ts';
import { type Asked, type OptionField, readOptions } from './run/options-read.ts';

export type RunForm = {
  /** null: on any machine. */
  readonly machineId: MachineId | null;
  /** Only of any machine: which ones. */
  readonly where: string;
  readonly isShell: boolean;
  readonly line: string;
  readonly argv: string;
  readonly name: string;
  readonly cpus: string;
  readonly mem: string;
  readonly env: string;
  readonly folder: string;
  readonly user: string;
  readonly graceS: string;
  readonly options: OptionsForm;
};

export const emptyRun: RunForm = {
  machineId: null,
  where: '',
  isShell: true,
  line: '',
  argv: '',
  name: '',
  cpus: '0.1',
  mem: '64',
  env: '',
  folder: '',
  user: '',
  graceS: '3',
  options: emptyOptions,
};

export type RunField =
  | 'machineId'
  | 'where'
  | 'command'
  | 'cpus'
  | 'mem'
  | 'graceS'
  | 'env'
  | 'user'
  | 'container';
export type RunFaults = Readonly<Partial<Record<RunField | OptionField, Fault>>>;

const cpusMilliOf = (text: string) => numberIn(text, cpusLimits, 1000);
const memMibOf = (text: string) => numberIn(text, memLimits);
const graceMsOf = (text: string) => numberIn(text, [0, 86_400_000], 1000);

const variable = /^[^\s=]+=/;

export type EnvironmentAnswer =
  | { readonly ok: true; readonly environment: readonly { readonly name: string; readonly value: string }[] }
  | { readonly ok: false; readonly line: number };

export function environmentOf(text: string): EnvironmentAnswer {
  const environment: { name: string; value: string }[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    if (!variable.test(line)) return { ok: false, line: index + 1 };
    const at = line.indexOf('=');
    environment.push({ name: line.slice(0, at), value: line.slice(at + 1) });
  }
  return { ok: true, environment };
}

/** One argument a line; an empty line in the middle is an empty argument, at the end it is nothing. */
export function argvOf(text: string): readonly string[] {
  const lines = text.replace(/\n+$/, '').split('\n');
  return lines.length === 1 && lines[0] === '' ? [] : lines;
}

function resourceFaults(form: RunForm, total: Total | null): RunFaults {
  const milli = cpusMilliOf(form.cpus);
  const mem = memMibOf(form.mem);
  const faults: { -readonly [K in RunField]?: Fault } = {};
  if (milli === null) faults.cpus = { key: 'run.bad.cpus' };
  else if (total !== null && milli > total.cpusMilli)
    faults.cpus = { key: 'run.bad.cpus-total', args: { total: cpusText(total.cpusMilli) } };
  if (mem === null) faults.mem = { key: 'run.bad.mem' };
  else if (total !== null && mem > total.memMib)
    faults.mem = { key: 'run.bad.mem-total', args: { total: mib(total.memMib) } };
  return faults;
}

export type Total = Pick<Resources, 'cpusMilli' | 'memMib' | 'gpus'>;
/** The machine chosen, as far as the form must know it: what is taken of it now may be waited for. */
export type Target = { readonly total: Total | null; readonly hasEngine: boolean };

function askedOf(form: RunForm, total: Total | null): Asked {
  return {
    cpusMilli: cpusMilliOf(form.cpus),
    memMib: memMibOf(form.mem),
    gpusThere: total?.gpus ?? Number.MAX_SAFE_INTEGER,
  };
}

function isCommandEmpty(form: RunForm): boolean {
  return form.isShell ? form.line.trim() === '' : (argvOf(form.argv)[0] ?? '') === '';
}

function whereFaults({ machineId, where }: RunForm): RunFaults {
  const read = machineId === null ? readCondition(where) : null;
  if (read === null || read.ok) return {};
  const { problem, near } = read.fault;
  return { where: { key: `run.bad.where.${problem}`, args: { near } } };
}

export function runFaults(form: RunForm, { total, hasEngine }: Target): RunFaults {
  const env = environmentOf(form.env);
  const { isOn } = form.options.container;
  return {
    ...resourceFaults(form, total),
    ...whereFaults(form),
    ...(isCommandEmpty(form) && !isOn ? { command: { key: 'run.bad.command' } as const } : {}),
    ...(graceMsOf(form.graceS) === null ? { graceS: { key: 'run.bad.grace' } as const } : {}),
    ...(env.ok ? {} : { env: { key: 'run.bad.env' as const, args: { line: env.line } } }),
    ...(isOn && !hasEngine ? { container: { key: 'run.bad.no-engine' } as const } : {}),
    ...readOptions(form.options, askedOf(form, total)).faults,
  };
}

function commandOf(form: RunForm): Omit<RunTask['command'], 'environment' | 'workingFolder' | 'user'> {
  // In a container nothing typed means what the image says, with no shell around it.
  if (isCommandEmpty(form)) return { shell: false, value: '', arguments: [] };
  const argv = argvOf(form.argv);
  if (form.isShell) return { shell: true, value: form.line, arguments: [] };
  return { shell: false, value: argv[0] ?? '', arguments: [...argv] };
}

/** null while something is wrong. */
export function runRequest(form: RunForm): RunTask | null {
  const cpusMilli = cpusMilliOf(form.cpus);
  const memMib = memMibOf(form.mem);
  const killGraceMs = graceMsOf(form.graceS);
  const env = environmentOf(form.env);
  const read = readOptions(form.options, askedOf(form, null));
  if (cpusMilli === null || memMib === null || killGraceMs === null || !env.ok) return null;
  if (Object.keys(read.faults).length > 0) return null;
  const { options, diskMib, gpus, priority } = read.value;
  // A task of which nothing was chosen is asked for without options.
  const { labels, ...chosen } = options;
  return {
    machineId: form.machineId,
    ...(priority === 0 ? {} : { priority }),
    ...(form.machineId === null && form.where.trim() !== '' ? { where: form.where.trim() } : {}),
    name: form.name.trim(),
    command: {
      ...commandOf(form),
      environment: [...env.environment],
      workingFolder: form.folder.trim() === '' ? null : form.folder.trim(),
      user: form.user.trim() === '' ? null : form.user.trim(),
    },
    cpusMilli,
    memMib,
    diskMib,
    gpus,
    killGraceMs,
    ...(labels.length + Object.keys(chosen).length > 0 ? { options } : {}),
  };
}

export type RunSample = { readonly key: 'hello' | 'count' | 'load'; readonly change: Partial<RunForm> };
/** Each shows something within seconds and needs nothing but a shell. */
export const runSamples: readonly RunSample[] = [
  {
    key: 'hello',
    change: {
      isShell: true,
      name: 'hello',
      cpus: '0.1',
      mem: '32',
      line: 'for i in 1 2 3; do echo hello $i; sleep 1; done',
    },
  },
  {
    key: 'count',
    change: {
      isShell: true,
      name: 'count',
      cpus: '0.1',
      mem: '32',
      line: 'i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "tick $i"; sleep 1; done',
    },
  },
  {
    key: 'load',
    change: {
      isShell: true,
      name: 'busy',
      cpus: '1',
      mem: '32',
      line: 'end=$(($(date +%s)+60)); while [ $(date +%s) -lt $end ]; do :; done',
    },
  },
];
