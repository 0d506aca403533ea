// The sandbox of a task: folders, sizes, times; text is read here, everything can be saved. Names are shown as text.
import './files.css';
import {
  CornerLeftUp,
  Download,
  File,
  FileQuestion,
  Folder as FolderIcon,
  Link2,
  RotateCw,
} from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { TaskId } from '../../../electron/contract/ids.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import type { SandboxEntry } from '../../../electron/contract/wire.ts';
import { showRefusal } from '../../app/acts.ts';
import { bytes } from '../../app/messages/amounts.ts';
import { useWords, wordsNow } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { cx } from '../../kit/cx.ts';
import { useKeys } from '../../kit/keys.ts';
import { Empty } from '../../kit/parts.tsx';
import { RowDoor } from '../../kit/row-door.tsx';
import { Rows } from '../../kit/rows.tsx';
import { RefusedPart } from '../../parts/refused-part.tsx';
import { shownName } from '../../parts/shown-name.ts';
import { useNowMs } from '../../store/clock.ts';
import { toast } from '../../store/toasts.ts';
import { FilePeek } from './file-peek.tsx';
import { inOrder, joinPath, parentOf, useFolder } from './use-folder.ts';

const rowPx = 28;
type Place = { readonly path: string; readonly kind: SandboxEntry['kind'] };

function save(taskId: TaskId, path: string): void {
  const run = async () => {
    const answer = await call('sandbox:save', { taskId, path });
    if (!answer.ok) showRefusal(answer.refusal);
    else if (answer.value !== null) {
      const { path: to, bytes: size } = answer.value;
      toast({ text: wordsNow().t('files.saved', { size: bytes(size), path: to }) });
    }
  };
  drop(run(), 'shows its own refusal');
}

function Icon({ kind }: { readonly kind: SandboxEntry['kind'] }) {
  switch (kind) {
    case 'folder':
      return <FolderIcon />;
    case 'link':
      return <Link2 />;
    case 'file':
      return <File />;
    case 'other':
      return <FileQuestion />;
  }
}

function Crumbs({ place, onGo }: { readonly place: Place; readonly onGo: (place: Place) => void }) {
  const words = useWords();
  const names = place.path === '' ? [] : place.path.split('/');
  const crumbs = [
    { text: words.t('files.sandbox'), path: '' },
    ...names.map((name, index) => ({ text: shownName(name), path: names.slice(0, index + 1).join('/') })),
  ];
  return (
    <nav className="crumbs" aria-label={words.t('files.where')}>
      <ol>
        {crumbs.map((crumb, index) => {
          const isLast = index === crumbs.length - 1;
          return (
            <li key={crumb.path} className="clip">
              {isLast ? (
                <span className="crumbs__here selectable" aria-current="location">
                  {crumb.text}
                </span>
              ) : (
                <button
                  type="button"
                  className="crumbs__door"
                  onClick={() => onGo({ path: crumb.path, kind: 'folder' })}
                >
                  {crumb.text}
                </button>
              )}
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

function Row(props: {
  readonly entry: SandboxEntry;
  readonly isCursor: boolean;
  readonly onOpen: () => void;
  readonly onSave: () => void;
}) {
  const words = useWords();
  const nowMs = useNowMs();
  const { entry, isCursor } = props;
  const name = shownName(entry.name);
  const canOpen = entry.kind !== 'other';
  return (
    <div role="row" aria-label={name} className={cx('file-grid', 'row', isCursor && 'row--cursor')}>
      <span role="cell" className="row__name">
        <span className={`file-icon file-icon--${entry.kind}`} title={words.t(`files.kind.${entry.kind}`)}>
          <Icon kind={entry.kind} />
        </span>
        <RowDoor name={name} title={name} isShut={!canOpen} onOpen={props.onOpen} />
      </span>
      <span role="cell" className="num dim">
        {entry.kind === 'file' ? bytes(entry.sizeBytes) : ''}
      </span>
      <span role="cell" className="num dim" title={words.dateTime(entry.modifiedAtMs)}>
        {words.when(entry.modifiedAtMs, nowMs)}
      </span>
      <span role="cell" className="row__offer">
        {canOpen && (
          <IconButton
            size="small"
            label={words.t('files.save', { name })}
            icon={<Download />}
            onClick={props.onSave}
          />
        )}
      </span>
    </div>
  );
}

function Head() {
  const words = useWords();
  return (
    <div className="file-grid file-head" role="row">
      <span role="columnheader">{words.t('files.col.name')}</span>
      <span role="columnheader" className="num">
        {words.t('files.col.size')}
      </span>
      <span role="columnheader" className="num">
        {words.t('files.col.changed')}
      </span>
      <span role="columnheader" aria-label={words.t('verb.save')} />
    </div>
  );
}

type FolderProps = {
  readonly taskId: TaskId;
  readonly place: Place;
  readonly onGo: (place: Place) => void;
};

function FolderList({
  taskId,
  place,
  onGo,
  bar,
}: FolderProps & { readonly bar: (again: () => void) => ReactNode }) {
  const words = useWords();
  const folder = useFolder(taskId, place.path);
  const entries = inOrder(folder.entries);
  const [cursor, setCursor] = useState(-1);
  const current = entries[cursor];
  const move = (by: number) => setCursor((at) => Math.max(0, Math.min(entries.length - 1, at + by)));
  const open = (entry: SandboxEntry | undefined) => {
    if (entry === undefined || entry.kind === 'other') return;
    onGo({ path: joinPath(place.path, entry.name), kind: entry.kind });
  };
  useKeys({
    j: () => move(1),
    ArrowDown: () => move(1),
    k: () => move(-1),
    ArrowUp: () => move(-1),
    Enter: () => open(current),
    o: () => open(current),
    s: () => current && save(taskId, joinPath(place.path, current.name)),
  });
  return (
    <>
      {bar(folder.again)}
      <FolderBody folder={folder} place={place} taskId={taskId}>
        <Rows
          label={words.t('task.tab.files')}
          count={entries.length}
          rowPx={rowPx}
          cursor={cursor}
          head={<Head />}
          keyOf={(index) => entries[index]?.name ?? String(index)}
          renderRow={(index) => {
            const entry = entries[index];
            if (entry === undefined) return null;
            return (
              <Row
                entry={entry}
                isCursor={index === cursor}
                onOpen={() => open(entry)}
                onSave={() => save(taskId, joinPath(place.path, entry.name))}
              />
            );
          }}
        />
        {folder.hasMore && (
          <p className="files-note">
            <Button compact disabled={folder.isReading} onClick={folder.readMore}>
              {words.t('files.more')}
            </Button>
          </p>
        )}
      </FolderBody>
    </>
  );
}

function FolderBody(props: {
  readonly folder: ReturnType<typeof useFolder>;
  readonly place: Place;
  readonly taskId: TaskId;
  readonly children: ReactNode;
}) {
  const words = useWords();
  const { folder, place, taskId } = props;
  if (folder.refusal !== null) {
    // A link that is no folder may be a file.
    if (place.kind === 'link') {
      return <FilePeek taskId={taskId} path={place.path} onSave={() => save(taskId, place.path)} />;
    }
    return <RefusedPart refusal={folder.refusal} onAgain={folder.again} />;
  }
  if (folder.entries.length > 0) return props.children;
  if (folder.isReading) return <p className="files-note files-note--late dim">{words.t('files.reading')}</p>;
  return <Empty text={words.t('files.empty')} />;
}

export function FilesView({ task }: { readonly task: TaskRecord }) {
  const words = useWords();
  const [place, setPlace] = useState<Place>({ path: '', kind: 'folder' });
  const goUp = () => place.path !== '' && setPlace({ path: parentOf(place.path), kind: 'folder' });
  useKeys({ Backspace: goUp, h: goUp, u: goUp, ...(place.path === '' ? {} : { Escape: goUp }) });
  const isFile = place.kind === 'file';
  const bar = (again: (() => void) | null) => (
    <header className="log-bar">
      <IconButton
        label={words.t('files.up')}
        icon={<CornerLeftUp />}
        disabled={place.path === ''}
        onClick={goUp}
      />
      <Crumbs place={place} onGo={setPlace} />
      <span className="grow" />
      {again !== null && <IconButton label={words.t('files.again')} icon={<RotateCw />} onClick={again} />}
      <IconButton
        label={
          isFile
            ? words.t('files.save', { name: shownName(place.path.split('/').at(-1) ?? '') })
            : words.t('files.save-folder')
        }
        icon={<Download />}
        onClick={() => save(task.id, place.path)}
      />
    </header>
  );
  return (
    <section className="log" aria-label={words.t('task.tab.files')}>
      {isFile ? (
        <>
          {bar(null)}
          <FilePeek taskId={task.id} path={place.path} onSave={() => save(task.id, place.path)} />
        </>
      ) : (
        <FolderList key={place.path} taskId={task.id} place={place} onGo={setPlace} bar={bar} />
      )}
    </section>
  );
}
