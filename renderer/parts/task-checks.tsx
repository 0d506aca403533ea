// What the checks of a task say: a shape, a word, and what is asked.
import './life.css';
import type { TaskRecord } from '../../electron/contract/task.ts';
import type { Check } from '../../electron/contract/task-life.ts';
import { useWords, type Words } from '../app/messages/words.ts';
import { Glyph, type GlyphKind } from '../kit/glyph.tsx';
import { healthOfTask, lastAnswer, readinessOfTask } from '../store/life.ts';
import { glyphOfTask } from '../store/selectors.ts';
import { useTables } from '../store/tables.ts';
import { endMessage } from './end-words.ts';
import { Section } from './facts.tsx';

function probeWords({ probe, intervalMs }: Check, words: Words): string {
  const every = words.duration(intervalMs + 999);
  if (probe.kind === 'command') return `${words.t('run.probe.command', { every })}: ${probe.line}`;
  const port = String(probe.port);
  if (probe.kind === 'tcp') return words.t('run.probe.tcp', { port, every });
  return `${words.t('run.probe.http', { port, every })}: ${probe.path}`;
}

type Answer = { readonly glyph: GlyphKind; readonly word: string };

function answerOf(kind: 'health' | 'readiness', good: boolean | null, words: Words): Answer {
  if (good === null) return { glyph: 'stopped', word: words.t('life.no-answer') };
  const word =
    kind === 'health'
      ? words.t(good ? 'life.healthy' : 'life.unhealthy')
      : words.t(good ? 'life.ready' : 'life.not-ready');
  return { glyph: good ? 'healthy' : 'waiting', word };
}

function CheckRow(props: {
  readonly kind: 'health' | 'readiness';
  readonly check: Check;
  readonly good: boolean | null;
  readonly isUnknown: boolean;
  /** What the last answer said, when it was a bad one. */
  readonly why: string;
}) {
  const words = useWords();
  const { kind, check, good, isUnknown, why } = props;
  const answer = answerOf(kind, good, words);
  const glyph = isUnknown && good !== null ? 'unknown' : answer.glyph;
  return (
    <li className="life-check">
      <Glyph kind={glyph} size={12} />
      <span>{words.t(`run.check.${kind}`)}</span>
      <span className={`life-check__word t-${glyph === 'stopped' ? 'past' : glyph}`}>
        {isUnknown && good !== null ? words.t('task-state.last-known', { state: answer.word }) : answer.word}
      </span>
      {why !== '' && <span className="life-check__what selectable">{why}</span>}
      <span className="life-check__what dim selectable">{probeWords(check, words)}</span>
    </li>
  );
}

export function TaskChecks({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const isUnknown = useTables((tables) => glyphOfTask(tables, task)) === 'unknown';
  const { health, readiness } = task.info;
  if (health === undefined && readiness === undefined) return null;
  const answers = { health: healthOfTask(task), readiness: readinessOfTask(task) };
  const row = (kind: 'health' | 'readiness', check: Check) => (
    <CheckRow
      kind={kind}
      check={check}
      good={answers[kind]}
      isUnknown={isUnknown}
      why={answers[kind] === false ? endMessage(lastAnswer(task, kind), words, kind) : ''}
    />
  );
  return (
    <Section title={words.t('life.checks')}>
      <ul className="life-checks">
        {health !== undefined && row('health', health)}
        {readiness !== undefined && row('readiness', readiness)}
      </ul>
    </Section>
  );
}
