// Where a refusal of the master belongs in the form, so that it stands at the field it is about. Pure.
import type { Refusal } from '../../../../electron/contract/errors.ts';
import type { Reason } from '../../../../electron/contract/reasons.ts';
import type { RunField } from '../run-task-form.ts';
import { type FileForm, pathOfFile } from './options-form.ts';
import type { OptionField } from './options-read.ts';

const fields: Readonly<Partial<Record<Reason, RunField | OptionField>>> = {
  'command-empty': 'command',
  'condition-wrong': 'where',
  'user-needs-root': 'user',
  'no-such-machine': 'machineId',
  'machine-being-removed': 'machineId',
  'machine-unreachable': 'machineId',
  'agent-too-old': 'machineId',
  'not-enough-cpus': 'cpus',
  'not-enough-mem': 'mem',
  'not-enough-disk': 'disk',
  'not-enough-gpus': 'gpus',
  'limit-cpu-unsupported': 'limitCpus',
  'limit-mem-unsupported': 'limitMem',
  'limit-pids-unsupported': 'limitPids',
  'gpus-unsupported': 'gpus',
  'result-pattern-wrong': 'results',
  'container-engine-missing': 'container',
  'container-ports-useless': 'ports',
  'container-port-twice': 'ports',
};

/** The detail names the check, then what is wrong with it. */
function fieldOfCheck(detail: string): OptionField | null {
  const name = /^(health|readiness): the (command|path)/.exec(detail);
  if (name === null) return null;
  return `${name[1] === 'health' ? 'health' : 'readiness'}.${name[2] === 'path' ? 'path' : 'line'}`;
}

/** The last file with that path: it is the one that came too many. */
function fieldOfFile(path: string, files: readonly FileForm[]): OptionField | null {
  const index = files.findLastIndex((file) => pathOfFile(file) === path);
  return index < 0 ? null : `file.${index}.path`;
}

/** null: it is about none of them. */
export function fieldOfRefusal(
  { reason, detail }: Refusal,
  files: readonly FileForm[],
): RunField | OptionField | null {
  switch (reason) {
    case 'limits-below-request':
      return detail.startsWith('cpus') ? 'limitCpus' : 'limitMem';
    case 'check-wrong':
      return fieldOfCheck(detail);
    case 'artifact-without-source':
    case 'artifact-path-wrong':
    case 'artifact-path-taken':
      return fieldOfFile(detail, files);
    default:
      return Object.hasOwn(fields, reason) ? (fields[reason as Reason] ?? null) : null;
  }
}
