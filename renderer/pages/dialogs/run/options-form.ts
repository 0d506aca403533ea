// The part of the run-a-task form under “More”: what may be typed, and what each field means. Pure.
import type { Container, RestartPolicy } from '../../../../electron/contract/task-life.ts';

export const probeKinds = ['none', 'command', 'http', 'tcp'] as const;
export type ProbeKind = (typeof probeKinds)[number];

export type CheckForm = {
  readonly kind: ProbeKind;
  readonly line: string;
  readonly port: string;
  readonly path: string;
  readonly delayS: string;
  readonly intervalS: string;
  readonly timeoutS: string;
  readonly failures: string;
  readonly graceS: string;
};

export type FileForm = {
  /** Tells the rows apart while they are edited. */
  readonly key: number;
  /** Picked on this computer: its name, size and hash. Else fetched from `url`. */
  readonly picked: { readonly name: string; readonly sizeBytes: number; readonly sha256: string } | null;
  readonly url: string;
  readonly sha256: string;
  readonly path: string;
  readonly isUnpacked: boolean;
  readonly isExecutable: boolean;
};

export const timeUnits = ['s', 'min', 'h', 'd'] as const;
export type TimeUnit = (typeof timeUnits)[number];
export const unitMs: Readonly<Record<TimeUnit, number>> = {
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export const memCeilings = ['request', 'above', 'none'] as const;
export type MemCeiling = (typeof memCeilings)[number];

export type ContainerForm = {
  readonly isOn: boolean;
  readonly engine: 'any' | 'docker' | 'podman';
  readonly image: string;
  readonly pull: Container['pull'];
  readonly network: Container['network'];
  /** `source:target` or `source:target:ro`, one a line. */
  readonly volumes: string;
  /** `8080`, `8080:80` or `53:53/udp`, one a line. */
  readonly ports: string;
};

export type OptionsForm = {
  /** `key=value` or `key`, one a line. */
  readonly labels: string;
  /** Empty: the usual one. */
  readonly priority: string;
  readonly limitCpus: string;
  readonly memCeiling: MemCeiling;
  readonly limitMem: string;
  readonly limitPids: string;
  readonly disk: string;
  readonly gpus: string;
  readonly restartOn: RestartPolicy['on'];
  /** Empty: never gives up. */
  readonly maxInRow: string;
  readonly mostTime: string;
  readonly mostTimeUnit: TimeUnit;
  readonly health: CheckForm;
  readonly readiness: CheckForm;
  readonly files: readonly FileForm[];
  /** One pattern a line. */
  readonly results: string;
  readonly container: ContainerForm;
  readonly logMib: string;
};

const noCheck: CheckForm = {
  kind: 'none',
  line: '',
  port: '',
  path: '/',
  // Long enough for most programs to come up, so that the first answer is not one about the start.
  delayS: '1',
  intervalS: '10',
  timeoutS: '5',
  failures: '3',
  graceS: '10',
};

export const emptyOptions: OptionsForm = {
  labels: '',
  priority: '',
  limitCpus: '',
  memCeiling: 'request',
  limitMem: '',
  limitPids: '',
  disk: '',
  gpus: '',
  restartOn: 'never',
  maxInRow: '5',
  mostTime: '',
  mostTimeUnit: 'min',
  health: noCheck,
  readiness: { ...noCheck, intervalS: '2', failures: '1', graceS: '0' },
  files: [],
  results: '',
  container: {
    isOn: false,
    engine: 'any',
    image: '',
    pull: 'missing',
    network: 'bridge',
    volumes: '',
    ports: '',
  },
  logMib: '',
};

/** Where a file goes when nobody says: its own name, in the sandbox. */
export function pathFor(name: string): string {
  const last = name.split(/[\\/]/).findLast((part) => part !== '' && part !== '.' && part !== '..');
  return last ?? 'file';
}

const archive = /\.(tar|tgz|tar\.gz|tar\.bz2|tbz2?|zip)$/i;

let lastKey = 0;
export function fileRow(change: Partial<FileForm>): FileForm {
  lastKey += 1;
  const name = change.picked?.name ?? '';
  const isUnpacked = archive.test(name);
  return {
    key: lastKey,
    picked: null,
    url: '',
    sha256: '',
    path: isUnpacked ? '.' : name === '' ? '' : pathFor(name),
    isUnpacked,
    isExecutable: false,
    ...change,
  };
}

/** The last part of an address, when it has one. */
export function nameOfUrl(url: string): string {
  const path = url.replace(/^https?:\/\/[^/]*/, '').replace(/[?#].*$/, '');
  const last = path.split('/').findLast((part) => part !== '') ?? '';
  return last === '..' || last === '.' ? '' : last;
}

/** What an empty path of a row means. */
export function pathOfFile(file: FileForm): string {
  const typed = file.path.trim();
  if (typed !== '') return typed;
  if (file.isUnpacked) return '.';
  return file.picked === null ? nameOfUrl(file.url.trim()) : pathFor(file.picked.name);
}

export type CheckName = 'health' | 'readiness';
