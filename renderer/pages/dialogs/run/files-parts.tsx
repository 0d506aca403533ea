// What goes into the sandbox before the start, and what is collected from it at the end.
import { FilePlus2, Link2, X } from 'lucide-react';
import { useState } from 'react';
import { showRefusal } from '../../../app/acts.ts';
import { bytes } from '../../../app/messages/amounts.ts';
import { useWords } from '../../../app/messages/words.ts';
import { call, drop } from '../../../bridge/bridge.ts';
import { Button, IconButton } from '../../../kit/button.tsx';
import { Checkbox, TextField } from '../../../kit/field.tsx';
import { shownName } from '../../../parts/shown-name.ts';
import { type FileForm, fileRow, pathOfFile } from './options-form.ts';
import { mostRows } from './options-read.ts';
import { OptionLines, type PartProps, useSay } from './part.tsx';

function Ticks(props: { readonly file: FileForm; readonly change: (part: Partial<FileForm>) => void }) {
  const words = useWords();
  const { file, change } = props;
  return (
    <div className="run-file__ticks">
      <Checkbox
        label={words.t('run.files.unpack')}
        checked={file.isUnpacked}
        onChecked={(isUnpacked) => change({ isUnpacked })}
      />
      {!file.isUnpacked && (
        <Checkbox
          label={words.t('run.files.executable')}
          checked={file.isExecutable}
          onChecked={(isExecutable) => change({ isExecutable })}
        />
      )}
    </div>
  );
}

function FileRow(props: {
  readonly file: FileForm;
  readonly index: number;
  readonly say: ReturnType<typeof useSay>;
  readonly change: (part: Partial<FileForm>) => void;
  readonly onRemove: () => void;
}) {
  const words = useWords();
  const { file, index, say, change } = props;
  const name = file.picked === null ? file.url : file.picked.name;
  return (
    <li className="run-file">
      <div className="dialog__row">
        {file.picked === null ? (
          <TextField
            label={words.t('run.files.url')}
            isMono
            placeholder="https://"
            value={file.url}
            hint={words.t('run.files.url.hint')}
            fault={say(`file.${index}.url`)}
            onText={(url) => change({ url })}
          />
        ) : (
          <p className="run-file__name grow">
            <span className="clip selectable">{shownName(file.picked.name)}</span>
            <span className="dim num">{bytes(file.picked.sizeBytes)}</span>
          </p>
        )}
        <IconButton
          label={words.t('run.files.remove', { name: shownName(name) })}
          icon={<X />}
          onClick={props.onRemove}
        />
      </div>
      <div className="dialog__row run-row">
        <TextField
          label={words.t(file.isUnpacked ? 'run.files.path.unpacked' : 'run.files.path')}
          isMono
          placeholder={pathOfFile({ ...file, path: '' })}
          value={file.path}
          fault={say(`file.${index}.path`)}
          onText={(path) => change({ path })}
        />
        <Ticks file={file} change={change} />
      </div>
      {file.picked === null && (
        <TextField
          label={words.t('run.files.sha256')}
          isMono
          value={file.sha256}
          hint={words.t('run.files.sha256.hint')}
          fault={say(`file.${index}.sha256`)}
          onText={(sha256) => change({ sha256 })}
        />
      )}
    </li>
  );
}

export function FilesPart({ options, faults, change }: PartProps) {
  const words = useWords();
  const say = useSay(faults);
  const { files } = options;
  const [isPicking, setPicking] = useState(false);
  const add = (rows: readonly FileForm[]) => change({ files: [...files, ...rows].slice(0, mostRows) });
  const pick = async () => {
    setPicking(true);
    const answer = await call('artifact:pick', {});
    setPicking(false);
    if (!answer.ok) showRefusal(answer.refusal);
    else if (answer.value !== null) add(answer.value.files.map((picked) => fileRow({ picked })));
  };
  const set = (key: number, part: Partial<FileForm>) =>
    change({ files: files.map((file) => (file.key === key ? { ...file, ...part } : file)) });
  return (
    <>
      {files.length > 0 && (
        <ul className="run-files">
          {files.map((file, index) => (
            <FileRow
              key={file.key}
              file={file}
              index={index}
              say={say}
              change={(part) => set(file.key, part)}
              onRemove={() => change({ files: files.filter((each) => each.key !== file.key) })}
            />
          ))}
        </ul>
      )}
      <div className="dialog__row">
        <Button
          compact
          icon={<FilePlus2 />}
          disabled={isPicking || files.length >= mostRows}
          onClick={() => drop(pick(), 'shows its own refusal')}
        >
          {words.t('run.files.pick')}
        </Button>
        <Button
          compact
          icon={<Link2 />}
          disabled={files.length >= mostRows}
          onClick={() => add([fileRow({})])}
        >
          {words.t('run.files.add-url')}
        </Button>
      </div>
      <p className="field__hint">{words.t('run.files.hint')}</p>
    </>
  );
}

export function ResultsPart(part: PartProps) {
  const words = useWords();
  return (
    <OptionLines
      part={part}
      name="results"
      label={words.t('run.results')}
      hint={words.t('run.results.hint')}
      placeholder="out/*.png"
    />
  );
}
