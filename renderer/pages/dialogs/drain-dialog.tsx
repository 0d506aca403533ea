// Draining a machine: what ends there and how, how long it may take, and the one choice that cannot be undone.
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import type { MachineRecord } from '../../../electron/contract/machine.ts';
import type { TaskRecord } from '../../../electron/contract/task.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Checkbox, Choices, TextField } from '../../kit/field.tsx';
import { CancelButton } from '../../parts/cancel-button.tsx';
import { identityOf } from '../../store/identity.ts';
import { activeTasksOf, isWholeLocal } from '../../store/selectors.ts';
import { useRow, useTables } from '../../store/tables.ts';
import { Refused } from './refused.tsx';

type Limit = 'own' | 'cap';
const mostSeconds = 86_400;
const usualSeconds = '30';

/** null: not a number of seconds that can be given. */
function secondsOf(text: string): number | null {
  const value = Number(text.trim());
  return /^\d+$/.test(text.trim()) && value <= mostSeconds ? value : null;
}

function ownGraceMs({ killGraceMs, info }: TaskRecord): number {
  return killGraceMs ?? info.killPolicy.graceMs;
}

/** Most are whole seconds. */
function graceWords(ms: number, words: Words): string {
  return ms % 1000 === 0 ? words.duration(ms) : words.took(ms);
}

function fateWords(task: TaskRecord, capMs: number | null, words: Words): string {
  const graceMs = capMs === null ? ownGraceMs(task) : Math.min(capMs, ownGraceMs(task));
  if (task.killAskedAtMs !== null && graceMs === ownGraceMs(task)) return words.t('drain.fate-asked');
  const end =
    graceMs === 0 ? words.t('drain.fate-now') : words.t('drain.fate', { grace: graceWords(graceMs, words) });
  const restarts = task.info.restart !== undefined && task.info.restart.on !== 'never';
  return restarts ? `${end}${words.t('list.comma')}${words.t('drain.fate-restarts')}` : end;
}

function Fates({ tasks, capMs }: { readonly tasks: readonly TaskRecord[]; readonly capMs: number | null }) {
  const words = useWords();
  if (tasks.length === 0) return <p className="dim">{words.t('drain.tasks.none')}</p>;
  return (
    <section className="drain-fates" aria-label={words.t('drain.tasks', { n: tasks.length })}>
      <h3 className="field__label">{words.t('drain.tasks', { n: tasks.length })}</h3>
      <ul className="drain-list">
        {tasks.map((task) => (
          <li key={task.id} className="drain-task">
            <span className="swatch" data-hue={identityOf(task.info.name).hue} />
            <span className="clip drain-task__name">{task.info.name}</span>
            <span className="dim clip">{fateWords(task, capMs, words)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Grace(props: {
  readonly tasks: readonly TaskRecord[];
  readonly limit: Limit;
  readonly seconds: string;
  readonly onLimit: (limit: Limit) => void;
  readonly onSeconds: (seconds: string) => void;
}) {
  const words = useWords();
  const { tasks, limit } = props;
  const most = graceWords(Math.max(0, ...tasks.map(ownGraceMs)), words);
  return (
    <div className="dialog__group">
      <h3 className="field__label">{words.t('drain.grace')}</h3>
      <Choices
        label={words.t('drain.grace')}
        value={limit}
        onValue={props.onLimit}
        choices={[
          {
            value: 'own',
            text: words.t('drain.grace.own'),
            hint: words.t('drain.grace.own.hint', { n: tasks.length, most }),
          },
          { value: 'cap', text: words.t('drain.grace.cap'), hint: words.t('drain.grace.cap.hint') },
        ]}
      />
      {limit === 'cap' && (
        <div className="drain-cap">
          <TextField
            label={words.t('drain.grace.seconds')}
            width="tiny"
            inputMode="numeric"
            value={props.seconds}
            fault={secondsOf(props.seconds) === null ? words.t('drain.grace.bad') : null}
            onText={props.onSeconds}
          />
        </div>
      )}
    </div>
  );
}

function Gone(props: {
  readonly machine: MachineRecord;
  readonly tasks: number;
  readonly isAway: boolean;
  readonly isGone: boolean;
  readonly typed: string;
  readonly onGone: (isGone: boolean) => void;
  readonly onTyped: (typed: string) => void;
}) {
  const words = useWords();
  const { name } = props.machine;
  return (
    <details className="run-more" open={props.isAway || undefined}>
      <summary className="run-more__head">
        <ChevronRight />
        {words.t('drain.gone.summary')}
      </summary>
      <div className="dialog__group drain-gone">
        <Checkbox
          label={words.t('drain.gone', { name })}
          hint={words.t(props.isAway ? 'drain.gone.hint-away' : 'drain.gone.hint', { n: props.tasks })}
          checked={props.isGone}
          onChecked={props.onGone}
        />
        {props.isGone && (
          <TextField
            label={words.t('drain.gone.type', { name })}
            value={props.typed}
            placeholder={name}
            onText={props.onTyped}
          />
        )}
      </div>
    </details>
  );
}

type DrainProps = { readonly machineId: MachineId; readonly onClose: () => void };

function useDrain(machine: MachineRecord | undefined, onClose: () => void) {
  const [limit, setLimit] = useState<Limit>('own');
  const [seconds, setSeconds] = useState(usualSeconds);
  const [markGone, setGone] = useState(false);
  const [typed, setTyped] = useState('');
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const capS = limit === 'own' ? null : secondsOf(seconds);
  const isGood = (limit === 'own' || capS !== null) && (!markGone || typed.trim() === machine?.name);
  const drain = async () => {
    if (!isGood || machine === undefined) return;
    const graceMs = capS === null ? null : capS * 1000;
    const answer = await call('machine:drain', { machineId: machine.id, graceMs, markGone });
    if (answer.ok) onClose();
    else setRefusal(answer.refusal);
  };
  const capMs = capS === null ? null : capS * 1000;
  return {
    limit,
    setLimit,
    seconds,
    setSeconds,
    markGone,
    setGone,
    typed,
    setTyped,
    refusal,
    capMs,
    isGood,
    drain,
  };
}

export function DrainDialog({ machineId, onClose }: DrainProps) {
  const words = useWords();
  const machine = useRow('machines', machineId);
  const tasks = useTables((tables) => activeTasksOf(tables, machineId));
  const isAway = useRow('links', machineId)?.phase !== 'live';
  const form = useDrain(machine, onClose);
  if (machine === undefined) return null;
  const { name } = machine;
  const { markGone } = form;
  const verb = !markGone ? 'drain.submit' : isAway ? 'drain.submit-gone-now' : 'drain.submit-gone';
  return (
    <Dialog
      isAlert
      title={words.t('drain.title', { name })}
      lead={words.t(isAway ? 'drain.lead-away' : 'drain.lead', { name })}
      closeLabel={words.t('verb.close')}
      onClose={onClose}
      onSubmit={() => drop(form.drain(), 'shows its own refusal')}
      answer={form.refusal}
      buttons={
        <>
          <CancelButton onClick={onClose} />
          <Button
            look={tasks.length > 0 || markGone ? 'danger' : 'primary'}
            type="submit"
            disabled={!form.isGood}
          >
            {words.t(verb)}
          </Button>
        </>
      }
    >
      <Fates tasks={tasks} capMs={form.capMs} />
      {tasks.length > 0 && (
        <Grace
          tasks={tasks}
          limit={form.limit}
          seconds={form.seconds}
          onLimit={form.setLimit}
          onSeconds={form.setSeconds}
        />
      )}
      {!isWholeLocal(machine) && (
        <Gone
          machine={machine}
          tasks={tasks.length}
          isAway={isAway}
          isGone={markGone}
          typed={form.typed}
          onGone={form.setGone}
          onTyped={form.setTyped}
        />
      )}
      <Refused refusal={form.refusal} />
    </Dialog>
  );
}
