// What a task is: its command, where and how it runs, what it is allocated.
import type { TaskRecord } from '../../electron/contract/task.ts';
import { cpus, cpusLive, mib } from '../app/messages/amounts.ts';
import { useWords } from '../app/messages/words.ts';
import { Button } from '../kit/button.tsx';
import { useNowMs } from '../store/clock.ts';
import { isActive, taskUse } from '../store/selectors.ts';
import { useRow, useTables } from '../store/tables.ts';
import { go, inspect } from '../store/view.ts';
import { commandLine } from './command-line.ts';
import { Facts } from './facts.tsx';
import { lifeFacts } from './life-facts.tsx';
import { priorityWords } from './priority.ts';

function Using({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const use = useTables((tables) => taskUse(tables, task));
  if (use === undefined) return '–';
  return words.t('task.using-value', {
    cpus: cpusLive(use.cpuBusyMilli),
    mem: mib(use.memUsedMib),
    pids: use.pids,
  });
}

export function Duration({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const nowMs = useNowMs();
  if (task.startedAtMs === null) return '–';
  return words.duration((task.endedAtMs ?? Math.max(nowMs, task.startedAtMs)) - task.startedAtMs);
}

export function exitText(task: TaskRecord, t: ReturnType<typeof useWords>['t']): string {
  // Of a task that goes on, the end of an earlier run is told elsewhere.
  if (isActive(task.state)) return '';
  const end = task.statuses.findLast((status) => status.exitCode !== null || status.signal !== null);
  if (end === undefined) return '';
  if (end.exitCode !== null) return t('tasks.exit-code', { code: end.exitCode });
  return t('tasks.exit-signal', { signal: end.signal ?? 0 });
}

export function TaskFacts({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const machine = useRow('machines', task.machineId);
  const agent = useRow('agents', task.agentId);
  const { command, resources, killPolicy } = task.info;
  const t = words.t.bind(words);
  const at = (ms: number | null) => (ms === null ? '' : words.dateTime(ms));
  return (
    <Facts
      facts={[
        [
          t('task.command'),
          command.value === '' && command.arguments.length === 0 ? (
            ''
          ) : (
            <code key="c" className="fact-code">
              {commandLine(command)}
            </code>
          ),
        ],
        [
          t('task.machine'),
          machine && (
            <Button
              key="m"
              look="link"
              onClick={() => {
                go({ page: 'rack' });
                inspect({ kind: 'machine', id: machine.id });
              }}
            >
              {machine.name}
            </Button>
          ),
        ],
        [
          t('task.allocated'),
          t('task.allocated-value', { cpus: cpus(resources.cpusMilli), mem: mib(resources.memMib) }),
        ],
        isActive(task.state) ? [t('task.using'), <Using key="u" task={task} />] : null,
        [t('task.priority'), priorityWords(task.priority ?? 0, words)],
        ...lifeFacts(task, agent, words),
        [t('tasks.col.exit'), exitText(task, t)],
        [t('task.duration'), <Duration key="d" task={task} />],
        [t('task.created'), at(task.createdAtMs)],
        [t('task.started'), at(task.startedAtMs)],
        [t('task.ended'), at(task.endedAtMs)],
        [t('task.folder'), command.workingFolder ?? t('task.folder-sandbox')],
        [t('task.user'), command.user ?? t('task.user-agent')],
        [t('task.grace'), words.duration(killPolicy.graceMs)],
        command.environment.length === 0
          ? null
          : [
              t('task.env'),
              <code key="e" className="fact-code">
                {command.environment.map(({ name, value }) => `${name}=${value}`).join('\n')}
              </code>,
            ],
        [
          t('task.id'),
          <code key="i" className="mono">
            {task.id}
          </code>,
        ],
      ]}
    />
  );
}
