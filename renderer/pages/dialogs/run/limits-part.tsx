// Ceilings above the request. Beside each stands what it is worth on the machine chosen.
import type { ComponentProps } from 'react';
import { useWords } from '../../../app/messages/words.ts';
import { cx } from '../../../kit/cx.ts';
import { Segmented, TextField } from '../../../kit/field.tsx';
import { type LimitKind, worthOf } from '../../../parts/isolation.ts';
import { memCeilings } from './options-form.ts';
import { OptionNumber, type PartProps, useSay } from './part.tsx';

/** Words for what the machine cannot fully hold; nothing when it can. */
function Worth({ kind, agent }: { readonly kind: LimitKind } & Pick<PartProps, 'agent'>) {
  const words = useWords();
  const worth = worthOf(agent, kind);
  // Of any machine: said once, for all of them.
  if (agent === undefined || worth.strength === 'full') return null;
  return (
    <p className="run-worth" data-strength={worth.strength}>
      {words.t(worth.note)}
    </p>
  );
}

function Memory({ options, faults, change, agent }: PartProps) {
  const words = useWords();
  const say = useSay(faults);
  return (
    <div className="dialog__group">
      <span className="field__label">{words.t('run.limit.mem')}</span>
      <div className="dialog__row run-row">
        <Segmented
          label={words.t('run.limit.mem')}
          value={options.memCeiling}
          choices={memCeilings.map((value) => ({ value, text: words.t(`run.limit.mem.${value}`) }))}
          onValue={(memCeiling) => change({ memCeiling })}
        />
        {options.memCeiling === 'above' && (
          <TextField
            label={words.t('run.limit.mem-mib')}
            isLabelHidden
            width="short"
            inputMode="numeric"
            placeholder="MiB"
            value={options.limitMem}
            fault={say('limitMem')}
            onText={(limitMem) => change({ limitMem })}
          />
        )}
      </div>
      <p className="field__hint">{words.t('run.limit.mem.hint')}</p>
      {options.memCeiling !== 'none' && <Worth kind="memory" agent={agent} />}
    </div>
  );
}

/** A ceiling that is one number, and what it is worth there. */
function Ceiling(
  props: Omit<ComponentProps<typeof OptionNumber>, 'part'> & {
    readonly part: PartProps;
    readonly kind: LimitKind;
  },
) {
  const { kind, ...option } = props;
  return (
    <div className={cx('dialog__group', option.isWide === true && 'run-half')}>
      <OptionNumber {...option} />
      <Worth kind={kind} agent={option.part.agent} />
    </div>
  );
}

export function LimitsPart(part: PartProps) {
  const words = useWords();
  const { options, agent, gpusFree } = part;
  const hasGpus = (agent?.resources.gpus ?? gpusFree) > 0 || options.gpus !== '';
  return (
    <>
      {agent === undefined && <p className="field__hint">{words.t('run.any.limits')}</p>}
      <Ceiling
        part={part}
        kind="cpu"
        name="limitCpus"
        label={words.t('run.limit.cpus')}
        hint={words.t('run.limit.cpus.hint')}
        isDecimal
      />
      <Memory {...part} />
      <div className="dialog__row">
        <Ceiling
          part={part}
          kind="pids"
          name="limitPids"
          label={words.t('run.limit.pids')}
          hint={words.t('run.limit.pids.hint')}
          isWide
        />
        <Ceiling
          part={part}
          kind="disk"
          name="disk"
          label={words.t('run.limit.disk')}
          hint={words.t('run.limit.disk.hint')}
          isWide
        />
      </div>
      {hasGpus && (
        <Ceiling
          part={part}
          kind="gpu"
          name="gpus"
          label={words.t('run.limit.gpus')}
          hint={words.t('run.limit.gpus.hint', { n: gpusFree })}
        />
      )}
    </>
  );
}
