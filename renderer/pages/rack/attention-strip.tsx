// What needs a person: at most five cards, each with the verb that helps. Nothing there when all is calm.
import { RotateCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { useStore } from 'zustand';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { dismissFailures, openTask, reconnect } from '../../app/acts.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { Glyph, type GlyphKind } from '../../kit/glyph.tsx';
import { endMessage, limitNotice } from '../../parts/end-words.ts';
import { holderOf } from '../../parts/holder.ts';
import { type Attention, attentionOf } from '../../store/attention.ts';
import { useNowMs } from '../../store/clock.ts';
import { tableStore } from '../../store/tables.ts';
import { go, inspect, openDialog, useView } from '../../store/view.ts';

const cardsMost = 5;

type Card = {
  readonly glyph: GlyphKind;
  readonly text: string;
  readonly more: string;
  readonly actions: ReactNode;
};

function showLane(id: string): void {
  document.getElementById(`lane-${id}`)?.scrollIntoView({ block: 'center' });
  document.getElementById(`lane-${id}`)?.querySelector<HTMLElement>('button')?.focus();
}

function laneCard(item: Extract<Attention, { kind: 'lane' }>, words: Words): Card {
  const { lane } = item;
  const isWaiting = lane.state === 'needs-you';
  const key = isWaiting
    ? 'attention.lane-needs'
    : lane.kind === 'add'
      ? 'attention.lane-failed'
      : 'attention.removal-failed';
  const refusal = lane.steps.find((step) => step.state === 'failed')?.refusal ?? null;
  return {
    glyph: isWaiting ? 'waiting' : 'failed',
    text: words.t(key, { title: lane.title }),
    more: refusal === null ? '' : words.refusal(refusal),
    actions: (
      <Button compact look="quiet" onClick={() => showLane(lane.id)}>
        {words.t('verb.show')}
      </Button>
    ),
  };
}

function lanesCard({ needsYou, failed }: Extract<Attention, { kind: 'lanes' }>, words: Words): Card {
  return {
    glyph: needsYou > 0 ? 'waiting' : 'failed',
    text: words.t('attention.lanes', { n: needsYou + failed, needsYou, failed }),
    more: '',
    actions: (
      <Button compact look="quiet" onClick={() => go({ page: 'adding' })}>
        {words.t('verb.show')}
      </Button>
    ),
  };
}

function machineText(item: Extract<Attention, { kind: 'machine' }>, words: Words, nowMs: number): string {
  const { machine, health } = item;
  const { name } = machine;
  const age = words.duration(nowMs - (health.staleSinceMs ?? nowMs));
  switch (health.word) {
    case 'gone':
      return words.t('attention.gone', { name });
    case 'refused':
      return words.t('attention.refused', {
        name,
        problem: health.problem === null ? '' : words.refusal(health.problem),
      });
    case 'unreachable':
    case 'connecting':
    case 'registering':
      return words.t('attention.unreachable', { name, age });
    default:
      return words.t('attention.silent', { name, age });
  }
}

function machineCard(item: Extract<Attention, { kind: 'machine' }>, words: Words, nowMs: number): Card {
  const { machine, health } = item;
  const what =
    health.word !== 'refused' && health.problem !== null ? `${words.refusal(health.problem)} ` : '';
  return {
    glyph: health.glyph,
    text: machineText(item, words, nowMs),
    more: health.word === 'gone' ? '' : what + words.t('attention.silent-more', { n: item.tasks }),
    actions: (
      <>
        <Button compact look="quiet" onClick={() => inspect({ kind: 'machine', id: machine.id })}>
          {words.t('verb.show')}
        </Button>
        {holderOf(health.problem) !== null && (
          <Button compact onClick={() => openDialog({ kind: 'take-over', machineId: machine.id })}>
            {words.t('verb.take-over')}
          </Button>
        )}
        {health.word !== 'refused' && health.word !== 'gone' && (
          <Button compact icon={<RotateCw />} onClick={() => reconnect(machine)}>
            {words.t('verb.reconnect')}
          </Button>
        )}
      </>
    ),
  };
}

function endWords(task: TaskRecord, words: Words): string {
  const status = task.statuses.at(-1);
  return limitNotice(task, status, words)?.what ?? endMessage(status, words);
}

function failedCard(item: Extract<Attention, { kind: 'failed-tasks' }>, words: Words): Card {
  const { tasks } = item;
  const first = tasks[0];
  const names = [...new Set(tasks.map((task) => task.info.name))];
  const shown = names.slice(0, 3).join(words.t('list.comma'));
  const rest =
    names.length > 3
      ? `${words.t('list.comma')}${words.t('attention.and-more', { n: names.length - 3 })}`
      : '';
  const show = () => {
    if (tasks.length === 1 && first !== undefined) openTask(first.id);
    else go({ page: 'tasks', filter: '', state: 'failed' });
  };
  return {
    glyph: 'failed',
    text: words.t('attention.failed-tasks', { n: tasks.length, names: shown + rest }),
    more: tasks.length === 1 && first !== undefined ? endWords(first, words) : '',
    actions: (
      <>
        <Button compact look="quiet" onClick={() => dismissFailures(item.newestAtMs)}>
          {words.t('verb.dismiss')}
        </Button>
        <Button compact onClick={show}>
          {words.t(tasks.length === 1 ? 'verb.open-log' : 'verb.show')}
        </Button>
      </>
    ),
  };
}

function cardOf(item: Attention, words: Words, nowMs: number): Card {
  switch (item.kind) {
    case 'lane':
      return laneCard(item, words);
    case 'lanes':
      return lanesCard(item, words);
    case 'machine':
      return machineCard(item, words, nowMs);
    case 'failed-tasks':
      return failedCard(item, words);
  }
}

export function AttentionStrip() {
  const words = useWords();
  const nowMs = useNowMs();
  const seenAtMs = useView((view) => view.failuresSeenAtMs);
  const tables = useStore(tableStore, (state) => state.tables);
  const items = attentionOf(tables, nowMs, seenAtMs);
  if (items.length === 0) return null;
  return (
    <section className="attention" aria-label={words.t('rack.attention')}>
      <ul>
        {items.slice(0, cardsMost).map((item) => {
          const card = cardOf(item, words, nowMs);
          return (
            <li key={item.key} className="attention__card" data-tone={card.glyph}>
              <Glyph kind={card.glyph} />
              <p className="attention__text clip">
                <span className="attention__what">{card.text}</span>
                {card.more !== '' && <span className="dim">{card.more}</span>}
              </p>
              <span className="attention__actions">{card.actions}</span>
            </li>
          );
        })}
      </ul>
      {items.length > cardsMost && (
        <p className="attention__rest dim">
          {words.t('attention.and-more', { n: items.length - cardsMost })}
        </p>
      )}
    </section>
  );
}
