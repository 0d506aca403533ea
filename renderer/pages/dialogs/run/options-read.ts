// From the form under “More” to the options of the contract, and the faults on the way. The limits are the contract's own.
import { type TaskOptions, taskOptionsSchema } from '../../../../electron/contract/task.ts';
import {
  type Artifact,
  artifactSchema,
  type Check,
  type Container,
  containerSchema,
  type Probe,
  sandboxPathSchema,
  sha256Schema,
} from '../../../../electron/contract/task-life.ts';
import { cpusLimits, type Fault, isBlank, linesOf, memLimits, numberIn, priorityIn } from './fields.ts';
import {
  type CheckForm,
  type CheckName,
  type ContainerForm,
  type FileForm,
  type OptionsForm,
  pathOfFile,
  unitMs,
} from './options-form.ts';

type FileField = 'url' | 'path' | 'sha256';
export type OptionField =
  | 'labels'
  | 'priority'
  | 'limitCpus'
  | 'limitMem'
  | 'limitPids'
  | 'disk'
  | 'gpus'
  | 'maxInRow'
  | 'mostTime'
  | `${CheckName}.${keyof CheckForm}`
  | `file.${number}.${FileField}`
  | 'files'
  | 'results'
  | 'image'
  | 'volumes'
  | 'ports'
  | 'logMib';
export type OptionFaults = Readonly<Partial<Record<OptionField, Fault>>>;
export type Read<T> = { readonly value: T; readonly faults: OptionFaults };

/** What the options are measured against. */
export type Asked = {
  readonly cpusMilli: number | null;
  readonly memMib: number | null;
  /** Of the machine chosen. */
  readonly gpusThere: number;
};

export const mostRows = 64;
const isGood = (schema: { safeParse: (value: unknown) => { success: boolean } }, value: unknown): boolean =>
  schema.safeParse(value).success;

const secondsMs = 1000;
const second = (text: string, limits: readonly [number, number]) => numberIn(text, limits, secondsMs);

class Faults {
  readonly found: Partial<Record<OptionField, Fault>> = {};

  add(field: OptionField, key: Fault['key'], args?: Fault['args']): void {
    this.found[field] ??= args === undefined ? { key } : { key, args };
  }

  /** The number, or the smallest one with a fault. */
  take(value: number | null, field: OptionField, key: Fault['key']): number {
    if (value === null) this.add(field, key);
    return value ?? 1;
  }
}

/** As Mesos' labels, a key or `key=value` a line; the contract has their limits. */
function readLabels(text: string): Read<TaskOptions['labels']> {
  const faults = new Faults();
  const labels = linesOf(text).map(({ text: entry, line }) => {
    const at = entry.indexOf('=');
    const label =
      at < 0
        ? { key: entry, value: '' }
        : { key: entry.slice(0, at).trim(), value: entry.slice(at + 1).trim() };
    if (label.key === '' || !isGood(taskOptionsSchema.shape.labels, [label]))
      faults.add('labels', 'run.bad.label', { line });
    return { ...label, line };
  });
  const keys = new Set<string>();
  for (const { key, line } of labels) {
    if (keys.has(key)) faults.add('labels', 'run.bad.label-twice', { line });
    keys.add(key);
  }
  if (labels.length > mostRows) faults.add('labels', 'run.bad.too-many', { n: mostRows });
  return { value: labels.map(({ key, value }) => ({ key, value })), faults: faults.found };
}

function readPriority(text: string): Read<number> {
  const faults = new Faults();
  return { value: faults.take(priorityIn(text), 'priority', 'run.bad.priority'), faults: faults.found };
}

type Limits = Pick<TaskOptions, 'limits'> & { readonly diskMib: number; readonly gpus: number };

function readLimits(form: OptionsForm, asked: Asked): Read<Limits> {
  const faults = new Faults();
  const limits: NonNullable<TaskOptions['limits']> = {};
  if (!isBlank(form.limitCpus)) {
    limits.cpusMilli = faults.take(numberIn(form.limitCpus, cpusLimits, 1000), 'limitCpus', 'run.bad.cpus');
    if (asked.cpusMilli !== null && limits.cpusMilli < asked.cpusMilli)
      faults.add('limitCpus', 'run.bad.below-request');
  }
  if (form.memCeiling === 'none') limits.memMib = null;
  if (form.memCeiling === 'above') {
    limits.memMib = faults.take(numberIn(form.limitMem, memLimits), 'limitMem', 'run.bad.mem');
    if (asked.memMib !== null && limits.memMib < asked.memMib)
      faults.add('limitMem', 'run.bad.below-request');
  }
  if (!isBlank(form.limitPids))
    limits.pids = faults.take(numberIn(form.limitPids, [1, 4_194_304]), 'limitPids', 'run.bad.pids');
  const diskMib = isBlank(form.disk)
    ? 0
    : faults.take(numberIn(form.disk, [0, 1_073_741_824]), 'disk', 'run.bad.disk');
  const gpus = isBlank(form.gpus) ? 0 : faults.take(numberIn(form.gpus, [0, 64]), 'gpus', 'run.bad.gpus');
  if (gpus > asked.gpusThere) faults.add('gpus', 'run.bad.gpus-total', { total: asked.gpusThere });
  const hasAny = Object.keys(limits).length > 0;
  return { value: { ...(hasAny ? { limits } : {}), diskMib, gpus }, faults: faults.found };
}

function readLife(form: OptionsForm): Read<Pick<TaskOptions, 'restart' | 'maxCompletionMs' | 'logMib'>> {
  const faults = new Faults();
  const value: Pick<TaskOptions, 'restart' | 'maxCompletionMs' | 'logMib'> = {};
  if (form.restartOn !== 'never') {
    const maxInRow = isBlank(form.maxInRow)
      ? null
      : faults.take(numberIn(form.maxInRow, [1, 1_000_000]), 'maxInRow', 'run.bad.in-row');
    value.restart = { on: form.restartOn, maxInRow };
  }
  if (!isBlank(form.mostTime))
    value.maxCompletionMs = faults.take(
      numberIn(form.mostTime, [100, 31_536_000_000], unitMs[form.mostTimeUnit]),
      'mostTime',
      'run.bad.most-time',
    );
  if (!isBlank(form.logMib))
    value.logMib = faults.take(numberIn(form.logMib, [1, 1_048_576]), 'logMib', 'run.bad.log');
  return { value, faults: faults.found };
}

function readProbe(name: CheckName, form: CheckForm, faults: Faults): Probe {
  if (form.kind === 'command') {
    if (isBlank(form.line)) faults.add(`${name}.line`, 'run.bad.command');
    return { kind: 'command', line: form.line };
  }
  const port = faults.take(numberIn(form.port, [1, 65_535]), `${name}.port`, 'run.bad.port');
  if (form.kind === 'tcp') return { kind: 'tcp', port };
  const path = form.path.trim();
  if (!path.startsWith('/') || path.length > 2048) faults.add(`${name}.path`, 'run.bad.http-path');
  return { kind: 'http', port, path };
}

function readCheck(name: CheckName, form: CheckForm): Read<Check | null> {
  if (form.kind === 'none') return { value: null, faults: {} };
  const faults = new Faults();
  const isHealth = name === 'health';
  const intervalMs = second(form.intervalS, [100, 3_600_000]);
  const timeoutMs = second(form.timeoutS, [100, 600_000]);
  const value: Check = {
    probe: readProbe(name, form, faults),
    delayMs: faults.take(second(form.delayS, [0, 3_600_000]), `${name}.delayS`, 'run.bad.check-grace'),
    intervalMs: faults.take(intervalMs, `${name}.intervalS`, 'run.bad.interval'),
    timeoutMs: faults.take(timeoutMs, `${name}.timeoutS`, 'run.bad.timeout'),
    failures: isHealth
      ? faults.take(numberIn(form.failures, [1, 1000]), `${name}.failures`, 'run.bad.failures')
      : 1,
    graceMs: isHealth
      ? faults.take(second(form.graceS, [0, 3_600_000]), `${name}.graceS`, 'run.bad.check-grace')
      : 0,
  };
  return { value, faults: faults.found };
}

const address = artifactSchema.shape.url;

function readFile(file: FileForm, index: number, faults: Faults): Artifact {
  const isUrl = file.picked === null;
  const url = file.url.trim();
  if (isUrl && !isGood(address, url)) faults.add(`file.${index}.url`, 'run.bad.url');
  const hash = file.sha256.trim().toLowerCase();
  if (isUrl && hash !== '' && !isGood(sha256Schema, hash))
    faults.add(`file.${index}.sha256`, 'run.bad.sha256');
  const path = pathOfFile(file);
  if (!isGood(sandboxPathSchema, path)) faults.add(`file.${index}.path`, 'run.bad.sandbox-path');
  return {
    url: isUrl ? url : null,
    sha256: isUrl ? (hash === '' ? null : hash) : (file.picked?.sha256 ?? null),
    path,
    extract: file.isUnpacked,
    executable: file.isExecutable && !file.isUnpacked,
  };
}

function readFiles(files: readonly FileForm[]): Read<readonly Artifact[]> {
  const faults = new Faults();
  if (files.length > mostRows) faults.add('files', 'run.bad.too-many', { n: mostRows });
  const value = files.map((file, index) => readFile(file, index, faults));
  const seen = new Map<string, number>();
  for (const [index, artifact] of value.entries()) {
    if (artifact.extract) continue;
    if (seen.has(artifact.path)) faults.add(`file.${index}.path`, 'run.bad.same-path');
    seen.set(artifact.path, index);
  }
  return { value, faults: faults.found };
}

function readResults(text: string): Read<readonly string[]> {
  const faults = new Faults();
  const lines = linesOf(text);
  for (const { text: glob, line } of lines)
    if (!isGood(sandboxPathSchema, glob)) faults.add('results', 'run.bad.pattern', { line });
  if (lines.length > mostRows) faults.add('results', 'run.bad.too-many', { n: mostRows });
  return { value: lines.map((each) => each.text), faults: faults.found };
}

const shape = containerSchema.shape;

function readVolumes(text: string, faults: Faults): Container['volumes'] {
  return linesOf(text).flatMap(({ text: entry, line }) => {
    const parts = /^([^:]+):([^:]+)(?::(ro|rw))?$/.exec(entry);
    const volume = { source: parts?.[1] ?? '', target: parts?.[2] ?? '', readOnly: parts?.[3] === 'ro' };
    const isNamed = /^(\/|[A-Za-z0-9])/.test(volume.source);
    if (!isNamed || !isGood(shape.volumes, [volume])) faults.add('volumes', 'run.bad.volume', { line });
    return [volume];
  });
}

function readPorts(text: string, faults: Faults): Container['ports'] {
  return linesOf(text).flatMap(({ text: entry, line }) => {
    const parts = /^(\d+)(?::(\d+))?(?:\/(tcp|udp))?$/.exec(entry);
    const host = Number(parts?.[1] ?? 0);
    const protocol = parts?.[3] === 'udp' ? ('udp' as const) : ('tcp' as const);
    const port = { host, container: Number(parts?.[2] ?? host), protocol };
    if (!isGood(shape.ports, [port])) faults.add('ports', 'run.bad.port-line', { line });
    return [port];
  });
}

function readContainer(form: ContainerForm): Read<Container | null> {
  if (!form.isOn) return { value: null, faults: {} };
  const faults = new Faults();
  const image = form.image.trim();
  if (!isGood(shape.image, image)) faults.add('image', 'run.bad.image');
  const volumes = readVolumes(form.volumes, faults);
  if (volumes.length > mostRows) faults.add('volumes', 'run.bad.too-many', { n: mostRows });
  const ports = form.network === 'bridge' ? readPorts(form.ports, faults) : [];
  const engine = form.engine === 'any' ? null : form.engine;
  const { pull, network } = form;
  return { value: { engine, image, pull, volumes, ports, network }, faults: faults.found };
}

export type ReadOptions = Read<{
  readonly options: TaskOptions;
  readonly diskMib: number;
  readonly gpus: number;
  readonly priority: number;
}>;

export function readOptions(form: OptionsForm, asked: Asked): ReadOptions {
  const labels = readLabels(form.labels);
  const priority = readPriority(form.priority);
  const limits = readLimits(form, asked);
  const life = readLife(form);
  const health = readCheck('health', form.health);
  const readiness = readCheck('readiness', form.readiness);
  const files = readFiles(form.files);
  const results = readResults(form.results);
  const container = readContainer(form.container);
  const options: TaskOptions = {
    labels: labels.value,
    ...(limits.value.limits === undefined ? {} : { limits: limits.value.limits }),
    ...life.value,
    ...(health.value === null ? {} : { health: health.value }),
    ...(readiness.value === null ? {} : { readiness: readiness.value }),
    ...(files.value.length === 0 ? {} : { artifacts: [...files.value] }),
    ...(results.value.length === 0 ? {} : { results: [...results.value] }),
    ...(container.value === null ? {} : { container: container.value }),
  };
  const parts = [labels, priority, limits, life, health, readiness, files, results, container];
  const faults: OptionFaults = Object.assign({}, ...parts.map((part) => part.faults));
  const { diskMib, gpus } = limits.value;
  return { value: { options, diskMib, gpus, priority: priority.value }, faults };
}
