// Whose tasks may end early: two switches, and beside them what is never ended.
import { useWords } from '../../../app/messages/words.ts';
import { Checkbox } from '../../../kit/field.tsx';
import { roomRuleAbove } from '../../../parts/preemption.ts';
import { useTables } from '../../../store/tables.ts';
import type { RoleForm } from './role-form.ts';

export function RoomPart(props: {
  readonly form: RoleForm;
  readonly set: (change: Partial<RoleForm>) => void;
}) {
  const words = useWords();
  const { name, preemption } = props.form;
  const above = useTables((tables) => roomRuleAbove(tables.roles, name.trim())?.from ?? null);
  const isOwn = preemption.lowerPriority || preemption.aboveFairShare;
  const change = (part: Partial<typeof preemption>) => props.set({ preemption: { ...preemption, ...part } });
  return (
    <fieldset className="quota">
      <legend className="quota__legend">{words.t('roles.room')}</legend>
      <Checkbox
        label={words.t('roles.room.lower')}
        hint={words.t('roles.room.lower.hint')}
        checked={preemption.lowerPriority}
        onChecked={(lowerPriority) => change({ lowerPriority })}
      />
      <Checkbox
        label={words.t('roles.room.above')}
        hint={words.t('roles.room.above.hint')}
        checked={preemption.aboveFairShare}
        onChecked={(aboveFairShare) => change({ aboveFairShare })}
      />
      {above !== null && (
        <p className="field__hint">
          {words.t(isOwn ? 'roles.room.instead' : 'roles.room.as-above', { role: above })}
        </p>
      )}
      <p className="field__hint">{words.t('roles.room.never')}</p>
    </fieldset>
  );
}
