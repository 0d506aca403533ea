// Ceilings above the request. Beside each stands what it is worth on the machine chosen.
import { useWords } from '../../../app/messages/words.ts';
import { Segmented, TextField } from '../../../kit/field.tsx';
import { type LimitKind, worthOf } from '../../../parts/isolation.ts';
import { memCeilings } from './options-form.ts';
import { type PartProps, useSay } from './part.tsx';

/** Words for what the machine cannot fully hold; nothing when it can. */
function Worth({ kind, agent }: { readonly kind: LimitKind } & Pick<PartProps, 'agent'>) {
  const words = useWords();
  const worth = worthOf(agent, kind);
  if (worth.strength === 'full') return null;
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

export function LimitsPart(props: PartProps) {
  const words = useWords();
  const { options, faults, change, agent, gpusFree } = props;
  const say = useSay(faults);
  const hasGpus = (agent?.resources.gpus ?? 0) > 0 || options.gpus !== '';
  return (
    <>
      <div className="dialog__group">
        <TextField
          label={words.t('run.limit.cpus')}
          width="short"
          inputMode="decimal"
          value={options.limitCpus}
          hint={words.t('run.limit.cpus.hint')}
          fault={say('limitCpus')}
          onText={(limitCpus) => change({ limitCpus })}
        />
        <Worth kind="cpu" agent={agent} />
      </div>
      <Memory {...props} />
      <div className="dialog__row">
        <div className="dialog__group run-half">
          <TextField
            label={words.t('run.limit.pids')}
            inputMode="numeric"
            value={options.limitPids}
            hint={words.t('run.limit.pids.hint')}
            fault={say('limitPids')}
            onText={(limitPids) => change({ limitPids })}
          />
          <Worth kind="pids" agent={agent} />
        </div>
        <div className="dialog__group run-half">
          <TextField
            label={words.t('run.limit.disk')}
            inputMode="numeric"
            value={options.disk}
            hint={words.t('run.limit.disk.hint')}
            fault={say('disk')}
            onText={(disk) => change({ disk })}
          />
          <Worth kind="disk" agent={agent} />
        </div>
      </div>
      {hasGpus && (
        <div className="dialog__group">
          <TextField
            label={words.t('run.limit.gpus')}
            width="short"
            inputMode="numeric"
            value={options.gpus}
            hint={words.t('run.limit.gpus.hint', { n: gpusFree })}
            fault={say('gpus')}
            onText={(gpus) => change({ gpus })}
          />
          <Worth kind="gpu" agent={agent} />
        </div>
      )}
    </>
  );
}
