// One line for each closed section under “More”: what is set, or what happens when nothing is. Pure.
import type { Keeping } from '../../../../electron/contract/wire.ts';
import { bytes, cpus, mib } from '../../../app/messages/amounts.ts';
import type { Words } from '../../../app/messages/words.ts';
import { priorityWords } from '../../../parts/priority.ts';
import { cpusLimits, isBlank, linesOf, numberIn, priorityIn } from './fields.ts';
import { type CheckForm, type OptionsForm, unitMs } from './options-form.ts';

export const partNames = [
  'around',
  'priority',
  'limits',
  'restart',
  'time',
  'checks',
  'files',
  'results',
  'container',
  'log',
] as const;
export type PartName = (typeof partNames)[number];

export type Around = {
  readonly env: string;
  readonly folder: string;
  readonly user: string;
  readonly graceS: string;
};

const join = (parts: readonly string[], words: Words) => parts.join(words.t('list.comma'));
const amount = (text: string) => numberIn(text, [0, Number.MAX_SAFE_INTEGER]) ?? 0;

function around(form: Around, labels: string, words: Words): string {
  const parts: string[] = [];
  const n = linesOf(form.env).length;
  if (n > 0) parts.push(words.t('run.sum.vars', { n }));
  if (!isBlank(form.folder)) parts.push(words.t('run.sum.in', { folder: form.folder.trim() }));
  if (!isBlank(form.user)) parts.push(words.t('run.sum.as', { user: form.user.trim() }));
  const labelled = linesOf(labels).length;
  if (labelled > 0) parts.push(words.t('run.sum.labels', { n: labelled }));
  return parts.length === 0 ? words.t('run.sum.plain') : join(parts, words);
}

function limits(form: OptionsForm, words: Words): string {
  const parts: string[] = [];
  const milli = numberIn(form.limitCpus, cpusLimits, 1000);
  if (milli !== null) parts.push(words.t('run.sum.cpus', { cpus: cpus(milli) }));
  if (form.memCeiling === 'none') parts.push(words.t('run.sum.mem-free'));
  if (form.memCeiling === 'above' && !isBlank(form.limitMem))
    parts.push(words.t('run.sum.mem', { mem: mib(amount(form.limitMem)) }));
  if (!isBlank(form.limitPids)) parts.push(words.t('run.sum.pids', { n: amount(form.limitPids) }));
  if (amount(form.disk) > 0) parts.push(words.t('run.sum.disk', { disk: mib(amount(form.disk)) }));
  if (amount(form.gpus) > 0) parts.push(words.t('run.sum.gpus', { n: amount(form.gpus) }));
  return parts.length === 0 ? words.t('run.sum.limits') : join(parts, words);
}

function restart({ restartOn, maxInRow }: OptionsForm, words: Words): string {
  if (restartOn === 'never') return words.t('run.sum.never');
  const end = isBlank(maxInRow)
    ? words.t('run.sum.no-end')
    : words.t('run.sum.in-row', { n: maxInRow.trim() });
  return join([words.t(`run.sum.${restartOn}`), end], words);
}

function time(form: OptionsForm, words: Words): string {
  const ms = numberIn(form.mostTime, [1, Number.MAX_SAFE_INTEGER], unitMs[form.mostTimeUnit]);
  return ms === null
    ? words.t('run.sum.any-time')
    : words.t('run.sum.most-time', { time: words.duration(ms) });
}

function probe(form: CheckForm, words: Words): string {
  const every = words.duration((numberIn(form.intervalS, [1, 3_600_000], 1000) ?? 0) + 999);
  if (form.kind === 'command' || form.kind === 'none') return words.t('run.probe.command', { every });
  return words.t(`run.probe.${form.kind}`, { port: form.port.trim(), every });
}

function checks({ health, readiness }: OptionsForm, words: Words): string {
  const parts: string[] = [];
  if (health.kind !== 'none') parts.push(words.t('run.sum.health', { probe: probe(health, words) }));
  if (readiness.kind !== 'none') parts.push(words.t('run.sum.readiness', { probe: probe(readiness, words) }));
  return parts.length === 0 ? words.t('run.sum.none') : join(parts, words);
}

function files(form: OptionsForm, words: Words): string {
  const n = form.files.length;
  if (n === 0) return words.t('run.sum.none');
  const size = form.files.reduce((sum, file) => sum + (file.picked?.sizeBytes ?? 0), 0);
  const fetched = form.files.filter((file) => file.picked === null).length;
  return join(
    [
      words.t('run.sum.files', { n }),
      ...(size > 0 ? [bytes(size)] : []),
      ...(fetched > 0 ? [words.t('run.sum.fetched', { n: fetched })] : []),
    ],
    words,
  );
}

function results(form: OptionsForm, words: Words): string {
  const lines = linesOf(form.results);
  if (lines.length === 0) return words.t('run.sum.none');
  return lines.length === 1 ? (lines[0]?.text ?? '') : words.t('run.sum.results', { n: lines.length });
}

function container({ container: form }: OptionsForm, words: Words): string {
  if (!form.isOn) return words.t('run.sum.no-container');
  return isBlank(form.image) ? words.t('run.sum.no-image') : form.image.trim();
}

export function summaryOf(
  part: PartName,
  form: { readonly around: Around; readonly options: OptionsForm; readonly keeping: Keeping },
  words: Words,
): string {
  const { options } = form;
  switch (part) {
    case 'around':
      return around(form.around, options.labels, words);
    case 'priority':
      return priorityWords(priorityIn(options.priority) ?? 0, words);
    case 'limits':
      return limits(options, words);
    case 'restart':
      return restart(options, words);
    case 'time':
      return time(options, words);
    case 'checks':
      return checks(options, words);
    case 'files':
      return files(options, words);
    case 'results':
      return results(options, words);
    case 'container':
      return container(options, words);
    case 'log':
      return isBlank(options.logMib)
        ? words.t('run.sum.log-usual', { size: mib(form.keeping.logMibPerTask) })
        : words.t('run.sum.log', { size: mib(amount(options.logMib)) });
  }
}
