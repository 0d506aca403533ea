// Activity dock: everything that was asked and how far it came. 32 px folded, 240 px open.
import { ChevronDown, ChevronUp } from 'lucide-react';
import { useMemo } from 'react';
import type { OperationRecord } from '../../electron/contract/operation.ts';
import { operationStages } from '../../electron/contract/operation.ts';
import { IconButton } from '../kit/button.tsx';
import { Pips } from '../kit/pips.tsx';
import { useNowMs } from '../store/clock.ts';
import { useTables } from '../store/tables.ts';
import { inspect, useView } from '../store/view.ts';
import { openTask } from './acts.ts';
import { said } from './messages/said.ts';
import { useWords } from './messages/words.ts';
import { operationWords } from './operation-words.ts';
import { toggleDock } from './shortcuts.ts';

function useOperations(): readonly OperationRecord[] {
  const operations = useTables((tables) => tables.operations);
  return useMemo(() => [...operations.values()].sort((a, b) => b.askedAtMs - a.askedAtMs), [operations]);
}

function Progress({ operation }: { readonly operation: OperationRecord }) {
  const words = useWords();
  const verb = operationWords(operation, words);
  const stage = operation.refusal === null ? words.t(`op.stage.${operation.stage}`) : words.t('op.refused');
  return (
    <Pips
      label={words.t('op.pips', { verb, stage })}
      done={operationStages.indexOf(operation.stage) + 1}
      isRefused={operation.refusal !== null}
      isOver={operation.stage === 'seen'}
    />
  );
}

function stageText(operation: OperationRecord, words: ReturnType<typeof useWords>): string {
  return operation.refusal === null
    ? words.t(`op.stage.${operation.stage}`)
    : words.refusal(operation.refusal);
}

function Ago({ atMs }: { readonly atMs: number }) {
  const words = useWords();
  const ms = useNowMs() - atMs;
  return (
    <span className="num faint">
      {ms < 1000 ? words.t('dock.now') : words.t('dock.ago', { age: words.duration(ms) })}
    </span>
  );
}

function Line({ operation }: { readonly operation: OperationRecord }) {
  const words = useWords();
  const { taskId, machineId } = operation;
  const open = () => {
    if (taskId !== null) openTask(taskId);
    else if (machineId !== null) inspect({ kind: 'machine', id: machineId });
  };
  return (
    <li>
      <button type="button" className="dock__line" onClick={open}>
        <Progress operation={operation} />
        <span className="dock__verb clip">{operationWords(operation, words)}</span>
        <span
          className={operation.refusal === null ? 'dim clip grow' : 't-failed clip grow'}
          title={operation.refusal === null ? undefined : said(operation.refusal.detail, words)}
        >
          {stageText(operation, words)}
        </span>
        <span className="num faint">{words.clock(operation.askedAtMs)}</span>
        <span className="num dim dock__took">{words.span(operation.changedAtMs - operation.askedAtMs)}</span>
      </button>
    </li>
  );
}

function Folded({ operations }: { readonly operations: readonly OperationRecord[] }) {
  const words = useWords();
  const newest = operations.slice(0, 3);
  const last = newest[0];
  if (last === undefined) return <span className="faint grow">{words.t('dock.empty')}</span>;
  return (
    <>
      {newest.map((operation) => (
        <span key={operation.id} className="dock__brief clip">
          <Progress operation={operation} />
          <span className="clip">{operationWords(operation, words)}</span>
          <span className={operation.refusal === null ? 'dim' : 't-failed'}>
            {operation.refusal === null ? words.t(`op.stage.${operation.stage}`) : words.t('op.refused')}
          </span>
        </span>
      ))}
      <span className="grow" />
      <Ago atMs={last.changedAtMs} />
    </>
  );
}

export function Dock() {
  const words = useWords();
  const isOpen = useView((view) => view.isDockOpen);
  const operations = useOperations();
  return (
    <section className={isOpen ? 'dock dock--open' : 'dock'} aria-label={words.t('dock.title')}>
      <div className="dock__head">
        <button type="button" className="dock__title" aria-expanded={isOpen} onClick={toggleDock}>
          {words.t('dock.title')}
        </button>
        {isOpen ? <span className="grow" /> : <Folded operations={operations} />}
        <IconButton
          size="small"
          tipSide="top"
          label={words.t(isOpen ? 'dock.close' : 'dock.open')}
          icon={isOpen ? <ChevronDown /> : <ChevronUp />}
          onClick={toggleDock}
        />
      </div>
      {isOpen && (
        <ul className="dock__list">
          {operations.length === 0 && <li className="dock__none faint">{words.t('dock.empty')}</li>}
          {operations.map((operation) => (
            <Line key={operation.id} operation={operation} />
          ))}
        </ul>
      )}
    </section>
  );
}
