// The results of a task: what matched its patterns when it ended, to save one by one or all.
import './files.css';
import { Download, File } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import type { Answers } from '../../../electron/contract/channels.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import type { ResultFile } from '../../../electron/contract/task-life.ts';
import { showRefusal } from '../../app/acts.ts';
import { bytes } from '../../app/messages/amounts.ts';
import { useWords, wordsNow } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { cx } from '../../kit/cx.ts';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/parts.tsx';
import { Rows } from '../../kit/rows.tsx';
import { useSelection } from '../../kit/use-selection.ts';
import { RefusedPart } from '../../parts/refused-part.tsx';
import { shownName } from '../../parts/shown-name.ts';
import { isActive } from '../../store/selectors.ts';
import { toast } from '../../store/toasts.ts';

const rowPx = 28;

function save(taskId: TaskId, paths: readonly string[] | null): void {
  const run = async () => {
    const answer = await call('results:save', { taskId, paths: paths === null ? null : [...paths] });
    if (!answer.ok) showRefusal(answer.refusal);
    else if (answer.value !== null) {
      const { path, files, bytes: size } = answer.value;
      toast({ text: wordsNow().t('results.saved', { n: files, size: bytes(size), path }) });
    }
  };
  drop(run(), 'shows its own refusal');
}

type List = {
  readonly value: Answers['results:list'] | null;
  readonly refusal: Refusal | null;
  readonly again: () => void;
};

function useResults(taskId: TaskId, isWanted: boolean): List {
  const [state, setState] = useState<Omit<List, 'again'>>({ value: null, refusal: null });
  const read = useCallback(
    async (isGone: () => boolean) => {
      const answer = await call('results:list', { taskId });
      if (isGone()) return;
      setState(answer.ok ? { value: answer.value, refusal: null } : { value: null, refusal: answer.refusal });
    },
    [taskId],
  );
  useEffect(() => {
    if (!isWanted) return undefined;
    let isGone = false;
    drop(
      read(() => isGone),
      'shows its own refusal',
    );
    return () => {
      isGone = true;
    };
  }, [read, isWanted]);
  return {
    ...state,
    again: () =>
      drop(
        read(() => false),
        'shows its own refusal',
      ),
  };
}

function ResultRow(props: {
  readonly taskId: TaskId;
  readonly file: ResultFile;
  readonly isCursor: boolean;
}) {
  const { taskId, file, isCursor } = props;
  const words = useWords();
  const name = shownName(file.path);
  return (
    <div role="row" aria-label={name} className={cx('file-grid', 'row', isCursor && 'row--cursor')}>
      <span role="cell" className="row__name" title={words.t('results.sha256', { hash: file.sha256 })}>
        <span className="file-icon">
          <File />
        </span>
        <span className="clip selectable">{name}</span>
      </span>
      <span role="cell" />
      <span role="cell" className="num dim">
        {bytes(file.sizeBytes)}
      </span>
      <span role="cell" className="row__offer">
        <IconButton
          size="small"
          label={words.t('results.save', { name })}
          icon={<Download />}
          onClick={() => save(taskId, [file.path])}
        />
      </span>
    </div>
  );
}

function ResultList({ task, list }: { readonly task: TaskRecord; readonly list: Answers['results:list'] }) {
  const words = useWords();
  const { files, left } = list;
  const size = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const { cursor, move } = useSelection(files.map((file) => file.path));
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    s: () => cursor !== null && save(task.id, [cursor]),
  });
  return (
    <div className="results-list">
      <header className="log-bar">
        <span className="dim num">{words.t('results.count', { n: files.length, size: bytes(size) })}</span>
        <span className="grow" />
        <Button compact icon={<Download />} onClick={() => save(task.id, null)}>
          {words.t('results.save-all')}
        </Button>
      </header>
      <Rows
        label={words.t('task.tab.results')}
        count={files.length}
        rowPx={rowPx}
        cursor={files.findIndex((file) => file.path === cursor)}
        keyOf={(index) => files[index]?.path ?? String(index)}
        renderRow={(index) => {
          const file = files[index];
          return file === undefined ? null : (
            <ResultRow taskId={task.id} file={file} isCursor={file.path === cursor} />
          );
        }}
      />
      {left > 0 && <p className="results-foot dim">{words.t('results.left', { n: left })}</p>}
    </div>
  );
}

export function ResultsView({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const patterns = task.info.results ?? [];
  const isOver = !isActive(task.state);
  const { value, refusal, again } = useResults(task.id, patterns.length > 0 && isOver);
  if (patterns.length === 0)
    return <Empty text={words.t('results.none-asked')} hint={words.t('results.none-asked.hint')} />;
  const hint = words.t('results.later.hint', { patterns: patterns.join(words.t('list.comma')) });
  if (!isOver) return <Empty text={words.t('results.later')} hint={hint} />;
  if (refusal !== null) return <RefusedPart refusal={refusal} onAgain={again} />;
  if (value === null) return <p className="files-note files-note--late dim">{words.t('results.reading')}</p>;
  if (value.files.length === 0) return <Empty text={words.t('results.none')} hint={hint} />;
  return <ResultList task={task} list={value} />;
}
