// What was asked, in one line: the verb with its object, and of a role what was changed. Pure.
import type { OperationRecord } from '../../electron/contract/operation.ts';
import type { Words } from './messages/words.ts';

function changed({ change }: OperationRecord, words: Words): readonly string[] {
  if (change === undefined) return [];
  const { weightMilli, quota, preemption } = change;
  return [
    ...(weightMilli
      ? [words.t('op.change.weight', { from: weightMilli.from / 1000, to: weightMilli.to / 1000 })]
      : []),
    ...(quota ? [words.t('op.change.quota')] : []),
    ...(preemption ? [words.t('op.change.preemption')] : []),
  ];
}

export function operationWords(operation: OperationRecord, words: Words): string {
  const verb = words.t(`op.${operation.verb}`, { subject: operation.subject });
  const what = changed(operation, words);
  return what.length === 0 ? verb : words.t('op.change', { verb, what: what.join(words.t('list.comma')) });
}
