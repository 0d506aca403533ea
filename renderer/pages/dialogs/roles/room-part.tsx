// Whose tasks may end early: by whose word, then two switches, and beside them what is never ended.
import { useWords } from '../../../app/messages/words.ts';
import { Checkbox, Segmented } from '../../../kit/field.tsx';
import { roomRuleAbove } from '../../../parts/preemption.ts';
import { useTables } from '../../../store/tables.ts';
import { isBelow, type RoleForm, type Room } from './role-form.ts';

type Props = {
  readonly form: RoleForm;
  readonly set: (change: Partial<RoleForm>) => void;
};

function Choice({ form, set }: Props) {
  const words = useWords();
  const { name, room, preemption } = form;
  const rooms: readonly Room[] = isBelow(name) ? ['inherit', 'some', 'never'] : ['inherit', 'some'];
  // To allow nothing is what the other choice is for.
  const isNone = !(preemption.lowerPriority || preemption.aboveFairShare);
  const start = isNone ? { preemption: { ...preemption, lowerPriority: true } } : {};
  return (
    <Segmented
      label={words.t('roles.room')}
      value={room}
      choices={rooms.map((value) => ({
        value,
        text: words.t(`roles.room.is.${value === 'inherit' && !isBelow(name) ? 'never' : value}`),
      }))}
      onValue={(value) => set({ room: value, ...(value === 'some' ? start : {}) })}
    />
  );
}

export function RoomPart(props: Props) {
  const words = useWords();
  const { name, room, preemption } = props.form;
  const above = useTables((tables) => roomRuleAbove(tables.roles, name.trim())?.from ?? null);
  const change = (part: Partial<typeof preemption>) => props.set({ preemption: { ...preemption, ...part } });
  return (
    <fieldset className="quota">
      <legend className="quota__legend">{words.t('roles.room')}</legend>
      <Choice {...props} />
      {room === 'some' && (
        <>
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
        </>
      )}
      {above !== null && (
        <p className="field__hint">
          {words.t(room === 'inherit' ? 'roles.room.as-above' : 'roles.room.instead', { role: above })}
        </p>
      )}
      <p className="field__hint">{words.t('roles.room.never')}</p>
    </fieldset>
  );
}
