// Make a role or change one: its name, its weight, its guarantee and limit of each resource, what of it may end early; beside
// it what would change.
import './roles-dialogs.css';
import { useState } from 'react';
import type { Refusal } from '../../../../electron/contract/errors.ts';
import type { ShareChange } from '../../../../electron/contract/shares.ts';
import { useWords, type Words } from '../../../app/messages/words.ts';
import { changeRole, roleAsSet } from '../../../app/role-acts.ts';
import { drop } from '../../../bridge/bridge.ts';
import { Button } from '../../../kit/button.tsx';
import { Dialog } from '../../../kit/dialog.tsx';
import { TextField } from '../../../kit/field.tsx';
import { type ScalarName, scalarNames, scalarText } from '../../../parts/scalar-words.ts';
import { type Preview, usePreview } from '../../../parts/use-preview.ts';
import { useShares } from '../../../parts/use-shares.ts';
import { tableStore } from '../../../store/tables.ts';
import { inspect } from '../../../store/view.ts';
import { Refused } from '../refused.tsx';
import { canHaveQuota, formOf, type RoleFault, type RoleForm, type RoleWish, readForm } from './role-form.ts';
import { RolePreview } from './role-preview.tsx';
import { RoomPart } from './room-part.tsx';

type Side = 'guarantee' | 'limit';
type Form = {
  readonly form: RoleForm;
  readonly faults: ReadonlySet<RoleFault>;
  readonly set: (change: Partial<RoleForm>) => void;
};

function QuotaRow(
  props: Form & { readonly name: ScalarName; readonly words: Words; readonly there: string },
) {
  const { form, faults, set, name, words, there } = props;
  const resource = words.t(`scalar.${name}`);
  const field = (side: Side) => (
    <TextField
      key={side}
      label={words.t(`roles.${side}-of`, { resource })}
      isLabelHidden
      value={form[side][name]}
      placeholder={words.t(`roles.${side}-none`)}
      fault={faults.has(`${side}.${name}`) ? words.t('roles.bad-amount') : null}
      onText={(text) => set({ [side]: { ...form[side], [name]: text } })}
    />
  );
  return (
    <div className="quota-row">
      <span className="quota-row__name">
        {resource}
        <span className="faint num">{there}</span>
      </span>
      {field('guarantee')}
      {field('limit')}
    </div>
  );
}

function QuotaPart(props: Form & { readonly words: Words }) {
  const { words, form } = props;
  const { shares } = useShares();
  if (!canHaveQuota(form.name))
    return (
      <p className="dialog__note">
        {words.t(form.name === '*' ? 'roles.quota-not-default' : 'roles.quota-not-below')}
      </p>
    );
  return (
    <fieldset className="quota">
      <legend className="sr-only">{words.t('roles.quota')}</legend>
      <div className="quota-row quota-row--head" aria-hidden="true">
        <span>{words.t('roles.quota')}</span>
        <span>{words.t('roles.guarantee')}</span>
        <span>{words.t('roles.limit')}</span>
      </div>
      {scalarNames.map((name) => (
        <QuotaRow
          key={name}
          {...props}
          name={name}
          there={
            shares === null ? '' : words.t('slices.of', { amount: scalarText(name, shares.total[name]) })
          }
        />
      ))}
      <p className="field__hint">{words.t('roles.quota-hint')}</p>
    </fieldset>
  );
}

/** What the master says of the name, in the place of the name. */
function nameFault(form: RoleForm, isNew: boolean, refusal: Refusal | null, words: Words): string | null {
  if (!isNew) return null;
  if (tableStore.getState().tables.roles.has(form.name.trim())) return words.t('roles.exists');
  return refusal?.reason === 'role-name' ? `${words.refusal(refusal)} ${words.remedy(refusal)}` : null;
}

type Opened = { readonly role: string | null; readonly parent: string; readonly onClose: () => void };

/** What the master says of the form as it stands, and what follows for the button. */
function judge(form: RoleForm, isNew: boolean, tried: Preview, words: Words) {
  const { wish } = readForm(form);
  const said = tried.preview?.refusal ?? tried.refusal;
  const badName = nameFault(form, isNew, said, words);
  const isForced = tried.preview?.canForce === true;
  const isDue = wish !== null && hasLastPart(form.name) && badName === null;
  return {
    badName,
    isForced,
    isGood: isDue && (said === null || isForced),
    /** Not shown twice: what is wrong with the name stands at the name. */
    said: badName === null ? said : null,
    preview: said === null || isForced ? tried.preview : null,
  };
}

/** `research/` is a name that is still being typed. */
function hasLastPart(name: string): boolean {
  return !name.trim().endsWith('/');
}

/** What of it changes shares. */
function shareChangeOf({ role, weightMilli, quota }: RoleWish): ShareChange {
  return { kind: 'change-role', role, weightMilli, quota };
}

function useRoleForm({ role, parent, onClose }: Opened) {
  const words = useWords();
  const isNew = role === null;
  const [form, setForm] = useState(() => formOf(roleAsSet(role ?? (parent === '' ? '' : `${parent}/`))));
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const { wish, faults } = readForm(form);
  const isTried = wish !== null && hasLastPart(form.name);
  const tried = usePreview(isTried ? shareChangeOf(wish) : null);
  const verdict = judge(form, isNew, tried, words);
  const save = async (): Promise<void> => {
    if (wish === null || !verdict.isGood) return;
    const answer = await changeRole({ ...wish, force: verdict.isForced });
    if (answer !== null) {
      setRefusal(answer);
      return;
    }
    onClose();
    if (isNew) inspect({ kind: 'role', id: wish.role });
  };
  const set = (change: Partial<RoleForm>): void => {
    setRefusal(null);
    setForm((old) => ({ ...old, ...change }));
  };
  return { words, isNew, form, faults, set, save, refusal, verdict };
}

function Fields(
  props: Form & { readonly badName: string | null; readonly isNew: boolean; readonly words: Words },
) {
  const { form, faults, set, words } = props;
  return (
    <div className="role-dialog__form">
      {props.isNew && (
        <TextField
          label={words.t('roles.name')}
          hint={words.t('roles.name-hint')}
          isMono
          data-first
          value={form.name}
          maxLength={255}
          fault={props.badName}
          onText={(name) => set({ name })}
        />
      )}
      <TextField
        label={words.t('roles.col.weight')}
        hint={words.t('roles.weight-hint')}
        width="short"
        inputMode="decimal"
        value={form.weight}
        fault={faults.has('weight') ? words.t('refusal.weight-wrong.do') : null}
        onText={(weight) => set({ weight })}
      />
      <QuotaPart form={form} faults={faults} set={set} words={words} />
      <RoomPart form={form} set={set} />
    </div>
  );
}

export function ChangeRoleDialog(props: Opened) {
  const { words, isNew, form, faults, set, save, refusal, verdict } = useRoleForm(props);
  const name = props.role === '*' ? words.t('roles.default') : (props.role ?? '');
  const verb = isNew ? words.t('roles.make') : words.t('verb.save');
  return (
    <Dialog
      title={isNew ? words.t('roles.new') : words.t('roles.change-title', { role: name })}
      lead={words.t('roles.change-lead')}
      closeLabel={words.t('verb.close')}
      size="wide"
      onClose={props.onClose}
      onSubmit={() => drop(save(), 'shows its own refusal')}
      answer={refusal}
      buttons={
        <>
          <Button look="quiet" onClick={props.onClose}>
            {words.t('verb.cancel')}
          </Button>
          <Button look={verdict.isForced ? 'danger' : 'primary'} type="submit" disabled={!verdict.isGood}>
            {verdict.isForced ? words.t('roles.force') : verb}
          </Button>
        </>
      }
    >
      <div className="role-dialog">
        <Fields {...{ form, faults, set, isNew, words }} badName={verdict.badName} />
        <RolePreview preview={verdict.preview} role={form.name.trim()} />
      </div>
      <Refused refusal={refusal ?? verdict.said} />
    </Dialog>
  );
}
