// Top bar: the fleet in one sentence whose counts are doors, the search, the two main verbs.
import { Play, Plus, Search } from 'lucide-react';
import { Button } from '../kit/button.tsx';
import { attentionOf } from '../store/attention.ts';
import { useNowMs } from '../store/clock.ts';
import { runningCount, unknownCount } from '../store/selectors.ts';
import { useTables } from '../store/tables.ts';
import { go, openDialog, openPalette, useView, viewStore } from '../store/view.ts';
import { useWords } from './messages/words.ts';

export const modKey = navigator.platform.startsWith('Mac') ? '⌘' : 'Ctrl';

function Sentence() {
  const words = useWords();
  const nowMs = useNowMs();
  const seenAtMs = useView((view) => view.failuresSeenAtMs);
  const machines = useTables((tables) => tables.machines.size);
  const running = useTables((tables) => runningCount(tables));
  const waiting = useTables((tables) => tables.runs.size);
  const unknown = useTables(unknownCount);
  const needs = useTables((tables) => attentionOf(tables, nowMs, seenAtMs).length);
  const comma = words.t('list.comma');
  return (
    <p className="fleet" aria-label={words.t('fleet.label')}>
      <button type="button" className="door" onClick={() => go({ page: 'machines' })}>
        {words.t('fleet.machines', { n: machines })}
      </button>
      {comma}
      <button
        type="button"
        className="door"
        onClick={() => go({ page: 'tasks', filter: '', state: 'active' })}
      >
        {words.t('fleet.tasks', { n: running })}
      </button>
      {waiting > 0 && (
        <>
          {comma}
          <button
            type="button"
            className="door door--needs"
            onClick={() => go({ page: 'tasks', filter: '', state: 'waiting' })}
          >
            {words.t('fleet.waiting', { n: waiting })}
          </button>
        </>
      )}
      {unknown > 0 && (
        <>
          {comma}
          <button
            type="button"
            className="door door--unknown"
            onClick={() => go({ page: 'tasks', filter: '', state: 'unknown' })}
          >
            {words.t('fleet.unknown', { n: unknown })}
          </button>
        </>
      )}
      {comma}
      {needs === 0 ? (
        <span className="dim">{words.t('fleet.calm')}</span>
      ) : (
        <button type="button" className="door door--needs" onClick={() => go({ page: 'rack' })}>
          {words.t('fleet.needs', { n: needs })}
        </button>
      )}
    </p>
  );
}

export function TopBar() {
  const words = useWords();
  return (
    <header className="top-bar">
      <Sentence />
      <button
        type="button"
        className="top-bar__search"
        onClick={() => openPalette()}
        aria-keyshortcuts="Control+K Meta+K"
      >
        <Search />
        <span>{words.t('fleet.search')}</span>
        <kbd className="kbd">{modKey} K</kbd>
      </button>
      <Button
        compact
        icon={<Play />}
        onClick={() => {
          const { subject } = viewStore.getState();
          openDialog({ kind: 'run-task', machineId: subject?.kind === 'machine' ? subject.id : null });
        }}
      >
        {words.t('verb.run-task')}
      </Button>
      <Button compact look="primary" icon={<Plus />} onClick={() => openDialog({ kind: 'add-machine' })}>
        {words.t('verb.add-machine')}
      </Button>
    </header>
  );
}
