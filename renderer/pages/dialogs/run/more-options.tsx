// “More”: sections that each say in one line what they hold while they are closed. The simple task needs none of them.
import { ChevronRight } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import type { Tables } from '../../../../electron/contract/tables.ts';
import { useWords } from '../../../app/messages/words.ts';
import { agentOf, settingsOf } from '../../../store/selectors.ts';
import { useRow, useTables } from '../../../store/tables.ts';
import type { RunFaults, RunField, RunForm } from '../run-task-form.ts';
import { AroundPart } from './around-part.tsx';
import { ChecksPart } from './checks-part.tsx';
import { ContainerPart } from './container-part.tsx';
import { FilesPart, ResultsPart } from './files-parts.tsx';
import { LogPart, PriorityPart, RestartPart, TimePart } from './life-parts.tsx';
import { LimitsPart } from './limits-part.tsx';
import type { OptionField } from './options-read.ts';
import { Part, type PartProps } from './part.tsx';
import { type PartName, partNames, summaryOf } from './summaries.ts';

type Props = {
  readonly form: RunForm;
  readonly faults: RunFaults;
  readonly change: (part: Partial<RunForm>) => void;
  readonly gpusFree: number;
};

/** Which section a fault stands in; null for the fields above “More”. */
function partOf(field: RunField | OptionField): PartName | null {
  if (field.startsWith('health.') || field.startsWith('readiness.')) return 'checks';
  if (field.startsWith('file')) return 'files';
  switch (field) {
    case 'env':
    case 'user':
    case 'labels':
      return 'around';
    case 'priority':
      return 'priority';
    case 'limitCpus':
    case 'limitMem':
    case 'limitPids':
    case 'disk':
    case 'gpus':
      return 'limits';
    case 'maxInRow':
      return 'restart';
    case 'mostTime':
    case 'graceS':
      return 'time';
    case 'results':
      return 'results';
    case 'container':
    case 'image':
    case 'volumes':
    case 'ports':
      return 'container';
    case 'logMib':
      return 'log';
    default:
      return null;
  }
}

function NoEngine({ faults }: Pick<Props, 'faults'>) {
  const words = useWords();
  if (faults.container === undefined) return null;
  return (
    <p className="field__fault" role="alert">
      {words.t(faults.container.key)}
    </p>
  );
}

/** One of each kind, without a version: they differ from machine to machine. */
function enginesOf(agents: Tables['agents']): NonNullable<PartProps['engines']> {
  const all = [...agents.values()].flatMap(({ facts }) => facts.engines ?? []);
  const kinds = [...new Set(all.map(({ engine }) => engine))].sort();
  return kinds.map((engine) => ({ engine, version: '', rootless: false }));
}

function usePart({ form, faults, change, gpusFree }: Props): PartProps {
  const machine = useRow('machines', form.machineId);
  const agent = useTables((tables) => (machine === undefined ? undefined : agentOf(tables, machine)));
  const keeping = useTables((tables) => settingsOf(tables).keeping);
  const agents = useTables((tables) => tables.agents);
  return {
    options: form.options,
    faults,
    change: (options) => change({ options: { ...form.options, ...options } }),
    agent,
    machineName: machine?.name ?? '',
    engines: form.machineId === null ? enginesOf(agents) : agent?.facts.engines,
    gpusFree,
    keeping,
  };
}

/** Opened by the person, and by a fault inside. */
function useOpenWhen(isFaulty: boolean) {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    if (isFaulty) setOpen(true);
  }, [isFaulty]);
  return { isOpen, setOpen };
}

export function MoreOptions(props: Props) {
  const words = useWords();
  const { form, faults, change } = props;
  const part = usePart(props);
  const { keeping } = part;
  const faulty = new Set((Object.keys(faults) as (RunField | OptionField)[]).map(partOf));
  faulty.delete(null);
  const { isOpen, setOpen } = useOpenWhen(faulty.size > 0);
  const grace = faults.graceS;
  const bodies: Readonly<Record<PartName, ReactNode>> = {
    around: <AroundPart part={part} form={form} faults={faults} change={change} />,
    priority: <PriorityPart {...part} />,
    limits: <LimitsPart {...part} />,
    restart: <RestartPart {...part} />,
    time: (
      <TimePart
        {...part}
        graceS={form.graceS}
        graceFault={grace === undefined ? null : words.t(grace.key, grace.args)}
        onGrace={(graceS) => change({ graceS })}
      />
    ),
    checks: <ChecksPart {...part} />,
    files: <FilesPart {...part} />,
    results: <ResultsPart {...part} />,
    container: (
      <>
        <NoEngine faults={faults} />
        <ContainerPart {...part} />
      </>
    ),
    log: <LogPart {...part} />,
  };
  return (
    <details
      className="run-more"
      open={isOpen}
      onToggle={(event) => {
        if (event.target === event.currentTarget) setOpen(event.currentTarget.open);
      }}
    >
      <summary className="run-more__head">
        <ChevronRight />
        {words.t('run.more')}
      </summary>
      <div className="run-more__body">
        {partNames.map((name) => (
          <Part
            key={name}
            name={name}
            summary={summaryOf(name, { around: form, options: form.options, keeping }, words)}
            isFaulty={faulty.has(name)}
          >
            {bodies[name]}
          </Part>
        ))}
      </div>
    </details>
  );
}
