// A run that waits: why, in one line and machine by machine, and what it was asked for with.
import type { RunRecord } from '../../electron/contract/run.ts';
import { stopResources, type Why } from '../../electron/contract/waiting.ts';
import { useWords } from '../app/messages/words.ts';
import { useNowMs } from '../store/clock.ts';
import { useTables } from '../store/tables.ts';
import { commandLine } from './command-line.ts';
import { Facts, Section } from './facts.tsx';
import { MadeRoomBefore } from './made-room.tsx';
import { priorityWords } from './priority.ts';
import { amountWords, whyWords } from './wait-words.ts';
import { WhyList } from './why-list.tsx';

type Props = {
  readonly run: RunRecord;
  /** undefined: not answered yet. */
  readonly why: Why | undefined;
};

/** `waiting for 2 min · waits for 8 GiB of memory: 3 GiB free on gpu-2`. */
export function WaitLine({ run, why }: Props) {
  const words = useWords();
  const nowMs = useNowMs();
  const machines = useTables((tables) => tables.machines);
  const age = words.duration(Math.max(0, nowMs - run.askedAtMs));
  return (
    <>
      <span className="t-waiting num">{words.t('wait.since', { age })}</span>
      {(run.priority ?? 0) !== 0 && (
        <span className="dim">
          {' '}
          · {words.t('priority.says', { priority: priorityWords(run.priority ?? 0, words) })}
        </span>
      )}
      {why !== undefined && <span className="dim selectable"> · {whyWords(why, { machines }, words)}</span>}
    </>
  );
}

export function WaitingAbout({ run, why }: Props) {
  const words = useWords();
  const machineName = useTables((tables) =>
    run.machineId === null ? null : (tables.machines.get(run.machineId)?.name ?? run.machineId),
  );
  const { command, resources } = run.info;
  const needs = stopResources
    .filter((name) => resources[name] > 0)
    .map((name) => amountWords(name, resources[name], words))
    .join(words.t('list.comma'));
  return (
    <>
      <MadeRoomBefore run={run} />
      {why !== undefined && why.groups.length > 0 && (
        <Section title={words.t('wait.title')}>
          <WhyList why={why} />
        </Section>
      )}
      <Section title={words.t('task.facts')}>
        <Facts
          facts={[
            [
              words.t('task.command'),
              command.value === '' ? (
                ''
              ) : (
                <code key="c" className="fact-code">
                  {commandLine(command)}
                </code>
              ),
            ],
            [words.t('wait.for'), machineName ?? words.t('wait.any')],
            [
              words.t('wait.where'),
              run.where === undefined ? (
                ''
              ) : (
                <code key="w" className="fact-code">
                  {run.where}
                </code>
              ),
            ],
            [words.t('wait.needs'), needs],
            [words.t('task.priority'), priorityWords(run.priority ?? 0, words)],
            [words.t('task.created'), words.dateTime(run.askedAtMs)],
            [
              words.t('task.id'),
              <code key="i" className="mono">
                {run.id}
              </code>,
            ],
          ]}
        />
      </Section>
    </>
  );
}
