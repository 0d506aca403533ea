// Partition one machine for roles: drag the ends of slices, or type amounts; below it what stands against it.
import './roles-dialogs.css';
import { Plus, Trash2 } from 'lucide-react';
import { useId, useState } from 'react';
import type { Refusal } from '../../../../electron/contract/errors.ts';
import type { MachineId } from '../../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../../electron/contract/machine.ts';
import { useWords, type Words } from '../../../app/messages/words.ts';
import { partitionMachine } from '../../../app/role-acts.ts';
import { drop } from '../../../bridge/bridge.ts';
import { Button, IconButton } from '../../../kit/button.tsx';
import { Dialog } from '../../../kit/dialog.tsx';
import { Checkbox, TextField } from '../../../kit/field.tsx';
import { CancelButton } from '../../../parts/cancel-button.tsx';
import {
  readAmount,
  type ScalarName,
  scalarNames,
  scalarsText,
  scalarText,
} from '../../../parts/scalar-words.ts';
import { SliceBar } from '../../../parts/slice-bar.tsx';
import { freeIn, type MachineSlices, slicesOf } from '../../../parts/slices.ts';
import { usePreview } from '../../../parts/use-preview.ts';
import { useShares } from '../../../parts/use-shares.ts';
import { hueOfRole } from '../../../store/identity.ts';
import { tableStore, useRow, useTables } from '../../../store/tables.ts';
import { Refused } from '../refused.tsx';
import { addDraft, type DraftSlice, draftsOf, drawn, isReadable, moveTo, wishOf } from './partition-form.ts';
import { Warnings } from './role-preview.tsx';
import { SliceHandles } from './slice-handles.tsx';

type Editing = {
  readonly base: MachineSlices;
  readonly drafts: readonly DraftSlice[];
  readonly words: Words;
  readonly onDrafts: (drafts: readonly DraftSlice[]) => void;
};

function Bars(props: Editing) {
  const { base, drafts, words, onDrafts } = props;
  const [isTogether, setTogether] = useState(true);
  const shown = scalarNames.filter((name) => base.total[name] > 0);
  const slices = drawn(base, drafts);
  const free = freeIn(slices);
  return (
    <div className="partition__bars">
      {shown.map((name) => (
        <div key={name} className="partition__line">
          <span className="dim">{words.t(`scalar.${name}`)}</span>
          <SliceBar slices={slices} resource={name} words={words} isLarge>
            <SliceHandles
              base={base}
              drafts={drafts}
              name={name}
              words={words}
              onMove={(at, moved, amount) =>
                onDrafts(moveTo(base, drafts, { at, name: moved, amount, isTogether }))
              }
            />
          </SliceBar>
          <span className="num dim">
            {words.t('slices.free-of', {
              free: scalarText(name, free[name]),
              total: scalarText(name, base.total[name]),
            })}
          </span>
        </div>
      ))}
      <Checkbox label={words.t('slices.together')} checked={isTogether} onChecked={setTogether} />
    </div>
  );
}

function SliceRow(
  props: Editing & { readonly draft: DraftSlice; readonly at: number; readonly listId: string },
) {
  const { drafts, draft, at, words, onDrafts, listId } = props;
  const set = (change: Partial<DraftSlice>) =>
    onDrafts(drafts.map((each, index) => (index === at ? { ...each, ...change } : each)));
  const isUsed = draft.tasks.length > 0;
  const name = draft.role === '' ? words.t('slices.new') : draft.role;
  return (
    <li className="partition__row">
      <span className="partition__role">
        <span className="swatch" data-hue={hueOfRole(draft.role === '' ? '?' : draft.role)} />
        {draft.isNew ? (
          <TextField
            label={words.t('roles.name')}
            isLabelHidden
            isMono
            list={listId}
            placeholder={words.t('roles.name')}
            value={draft.role}
            onText={(role) => set({ role })}
          />
        ) : (
          <span className="clip mono">{draft.role}</span>
        )}
      </span>
      {scalarNames.map((resource) => (
        <TextField
          key={resource}
          label={words.t('slices.handle', { resource: words.t(`scalar.${resource}`), role: name })}
          isLabelHidden
          value={draft.typed[resource]}
          placeholder="0"
          fault={
            readAmount(resource, draft.typed[resource]) === undefined ? words.t('roles.bad-amount') : null
          }
          onText={(text) => set({ typed: { ...draft.typed, [resource]: text } })}
        />
      ))}
      <IconButton
        label={words.t('slices.remove', { role: name })}
        icon={<Trash2 />}
        disabled={isUsed}
        onClick={() => onDrafts(drafts.filter((_, index) => index !== at))}
      />
      {isUsed && (
        <span className="partition__used">
          {words.t('slices.used-by', {
            amount: scalarsText(draft.used, words),
            tasks: draft.tasks.slice(0, 4).join(words.t('list.comma')),
          })}
        </span>
      )}
    </li>
  );
}

function Slices(props: Editing) {
  const { base, drafts, words, onDrafts } = props;
  const listId = useId();
  const { shares } = useShares();
  const known = (shares?.roles ?? []).map(({ role }) => role).filter((role) => role !== '*');
  return (
    <section className="partition__slices" aria-label={words.t('slices.set-aside')}>
      {drafts.length > 0 && (
        <div className="partition__row partition__row--head" aria-hidden="true">
          <span>{words.t('roles.col.role')}</span>
          {scalarNames.map((name: ScalarName) => (
            <span key={name}>{words.t(`scalar.${name}`)}</span>
          ))}
        </div>
      )}
      <ul className="partition__slices">
        {drafts.map((draft, at) => (
          <SliceRow key={draft.key} {...props} draft={draft} at={at} listId={listId} />
        ))}
      </ul>
      <datalist id={listId}>
        {known.map((role) => (
          <option key={role} value={role}>
            {role}
          </option>
        ))}
      </datalist>
      {drafts.length === 0 && <p className="dim">{words.t('slices.empty')}</p>}
      <div>
        <Button
          compact
          icon={<Plus />}
          onClick={() => onDrafts(addDraft(drafts, freeIn(drawn(base, drafts))))}
        >
          {words.t('slices.add')}
        </Button>
      </div>
      {base.fixed.length > 0 && (
        <p className="field__hint">{words.t('slices.fixed', { n: base.fixed.length })}</p>
      )}
    </section>
  );
}

function useBase(machine: MachineRecord): MachineSlices {
  useTables((tables) => tables.reservations);
  useTables((tables) => tables.tasks);
  useTables((tables) => tables.agents);
  return slicesOf(tableStore.getState().tables, machine);
}

function Partition({ machine, onClose }: { readonly machine: MachineRecord; readonly onClose: () => void }) {
  const words = useWords();
  const base = useBase(machine);
  const [drafts, setDrafts] = useState(() => draftsOf(base));
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const slices = wishOf(drafts);
  const before = wishOf(draftsOf(base));
  const isChanged = JSON.stringify(slices) !== JSON.stringify(before);
  const isWhole = drafts.every((each) => isReadable(each));
  const { preview, refusal: untried } = usePreview(
    isWhole && isChanged ? { kind: 'partition-machine', machineId: machine.id, slices: [...slices] } : null,
  );
  const said = refusal ?? preview?.refusal ?? untried;
  const isGood = isWhole && isChanged && said === null;
  const save = async () => {
    if (!isGood) return;
    const answer = await partitionMachine({ machineId: machine.id, slices: [...slices] }, before);
    if (answer === null) onClose();
    else setRefusal(answer);
  };
  const change = (next: readonly DraftSlice[]) => {
    setRefusal(null);
    setDrafts(next);
  };
  const editing: Editing = { base, drafts, words, onDrafts: change };
  return (
    <Dialog
      title={words.t('slices.dialog', { name: machine.name })}
      lead={words.t('slices.lead')}
      closeLabel={words.t('verb.close')}
      size="wide"
      onClose={onClose}
      onSubmit={() => drop(save(), 'shows its own refusal')}
      answer={refusal}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button look="primary" type="submit" disabled={!isGood}>
            {words.t('slices.partition')}
          </Button>
        </>
      }
    >
      <Bars {...editing} />
      <Slices {...editing} />
      {preview !== null && <Warnings preview={preview} words={words} />}
      <Refused refusal={said} />
    </Dialog>
  );
}

export function PartitionDialog(props: { readonly machineId: MachineId; readonly onClose: () => void }) {
  const machine = useRow('machines', props.machineId);
  return machine === undefined ? null : <Partition machine={machine} onClose={props.onClose} />;
}
