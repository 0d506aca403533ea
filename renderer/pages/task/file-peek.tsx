// The beginning of a file of the sandbox, drawn as a log is: text with its escapes made visible, never markup.
import { useMemo, useRef, useState } from 'react';
import type { TaskId } from '../../../electron/contract/ids.ts';
import { bytes as bytesText } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/parts.tsx';
import { RefusedPart } from '../../parts/refused-part.tsx';
import { shownName } from '../../parts/shown-name.ts';
import { LogBuffer } from './log-buffer.ts';
import { LogLine } from './log-line.tsx';
import { FixedLines } from './log-lines.tsx';
import { usePeek } from './use-folder.ts';

/** A NUL among the first bytes: what `grep` and `git` take for binary as well. */
function looksBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 8000).includes(0);
}

function Lines({ name, bytes }: { readonly name: string; readonly bytes: Uint8Array }) {
  const words = useWords();
  const buffer = useMemo(() => {
    const made = new LogBuffer();
    made.append(bytes);
    return made;
  }, [bytes]);
  const scroller = useRef<HTMLDivElement>(null);
  return (
    <div className="log-body">
      <FixedLines
        scroller={scroller}
        label={words.t('files.content', { name })}
        firstLine={0}
        count={buffer.lineCount}
        version={0}
        isFollowing={false}
        onFollowing={() => undefined}
        target={null}
        renderLine={(line) => (
          <LogLine
            buffer={buffer}
            line={line}
            length={buffer.lineLength(line)}
            query=""
            isCurrent={false}
            isChosen={false}
            isWrapped={false}
            time={false}
            onNumber={() => undefined}
            onMore={() => undefined}
          />
        )}
      />
    </div>
  );
}

export function FilePeek(props: {
  readonly taskId: TaskId;
  readonly path: string;
  readonly onSave: () => void;
}) {
  const words = useWords();
  const { taskId, path, onSave } = props;
  const { value, refusal } = usePeek(taskId, path);
  const [isForced, setForced] = useState(false);
  const name = shownName(path.split('/').at(-1) ?? path);
  if (refusal !== null) return <RefusedPart refusal={refusal} />;
  if (value === null) return <p className="files-note files-note--late dim">{words.t('files.opening')}</p>;
  const { bytes, sizeBytes } = value;
  if (looksBinary(bytes) && !isForced) {
    return (
      <Empty
        text={words.t('files.not-text')}
        hint={bytesText(sizeBytes)}
        actions={
          <>
            <Button onClick={onSave}>{words.t('files.save', { name })}</Button>
            <Button look="quiet" onClick={() => setForced(true)}>
              {words.t('files.show-anyway')}
            </Button>
          </>
        }
      />
    );
  }
  return (
    <>
      {bytes.length < sizeBytes && (
        <p className="log-missing dim">
          {words.t('files.cut', { shown: bytesText(bytes.length), size: bytesText(sizeBytes) })}
        </p>
      )}
      <Lines name={name} bytes={bytes} />
    </>
  );
}
