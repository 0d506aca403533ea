// Where the task may run: any machine, perhaps with a condition, or one.
import { Boxes } from 'lucide-react';
import { useMemo } from 'react';
import type { MachineId } from '../../../../electron/contract/ids.ts';
import { demoSliceOf } from '../../../../electron/contract/machine.ts';
import type { Tables } from '../../../../electron/contract/tables.ts';
import { cpus, mib } from '../../../app/messages/amounts.ts';
import { useWords } from '../../../app/messages/words.ts';
import { TextField } from '../../../kit/field.tsx';
import { Glyph } from '../../../kit/glyph.tsx';
import { type Option, Select } from '../../../kit/select.tsx';
import {
  activeTasksOf,
  agentOf,
  type Free,
  freeOf,
  healthOf,
  machineList,
} from '../../../store/selectors.ts';
import { useTables } from '../../../store/tables.ts';
import type { RunFaults, RunField, RunForm } from '../run-task-form.ts';

type Props = {
  readonly form: RunForm;
  readonly faults: RunFaults;
  readonly change: (part: Partial<RunForm>) => void;
};

const anyValue = 'any';
const chipsShown = 6;

export function freeOn(tables: Tables, id: string | null): Free | null {
  const machine = id === null ? undefined : tables.machines.get(id);
  const agent = machine && agentOf(tables, machine);
  return agent === undefined ? null : freeOf(agent.resources, activeTasksOf(tables, agent.machineId));
}

function useOptions(): readonly Option[] {
  const words = useWords();
  const machines = useTables((tables) => tables.machines);
  const agents = useTables((tables) => tables.agents);
  const links = useTables((tables) => tables.links);
  const tasks = useTables((tables) => tables.tasks);
  return useMemo((): readonly Option[] => {
    const tables = { machines, agents, links, tasks } as Tables;
    const each = machineList(machines).map((machine): Option => {
      const health = healthOf(tables, machine);
      const free = freeOn(tables, machine.id);
      const hint =
        health.isFresh && free !== null
          ? words.t('run.machine.free', { cpus: cpus(free.cpusMilli), mem: mib(free.memMib) })
          : words.t('run.machine.away');
      return {
        value: machine.id,
        text: machine.name,
        hint,
        isDisabled: !health.isFresh,
        mark: <Glyph kind={health.glyph} size={12} />,
      };
    });
    const any: Option = {
      value: anyValue,
      text: words.t('run.any'),
      hint: words.t('run.any.hint', { n: each.length }),
      mark: <Boxes size={12} aria-hidden="true" />,
    };
    return [any, ...each];
  }, [machines, agents, links, tasks, words]);
}

function useSay(faults: RunFaults) {
  const words = useWords();
  return (field: RunField): string | null => {
    const fault = faults[field];
    return fault === undefined ? null : words.t(fault.key, fault.args);
  };
}

/** Labels that tell some machines from others, with how many have each; what most have comes first. */
function knownTerms(machines: Tables['machines'], agents: Tables['agents']): readonly [string, number][] {
  const counts = new Map<string, number>();
  const count = (term: string) => counts.set(term, (counts.get(term) ?? 0) + 1);
  for (const machine of machines.values()) {
    for (const { key, value } of demoSliceOf(machine)?.attributes ?? []) count(`${key}=${value}`);
    const facts = machine.agentId === null ? undefined : agents.get(machine.agentId)?.facts;
    if (facts === undefined) continue;
    count(`arch=${facts.arch}`);
    if (facts.gpus.length > 0) count('gpu exists');
    for (const { engine } of facts.engines ?? []) count(`engine.${engine} exists`);
  }
  return [...counts]
    .filter(([, n]) => n < machines.size)
    .sort(([a, n], [b, m]) => m - n || a.localeCompare(b))
    .slice(0, chipsShown);
}

function Condition({ form, faults, change }: Props) {
  const words = useWords();
  const say = useSay(faults);
  const machines = useTables((tables) => tables.machines);
  const agents = useTables((tables) => tables.agents);
  const terms = useMemo(() => knownTerms(machines, agents), [machines, agents]);
  const add = (term: string) => {
    const before = form.where.trim().replace(/,$/, '');
    change({ where: before === '' ? term : `${before}, ${term}` });
  };
  return (
    <div className="run-where">
      <TextField
        label={words.t('run.where')}
        isMono
        placeholder="os=linux, shelf!=top, gpu exists"
        value={form.where}
        hint={words.t('run.where.hint')}
        fault={say('where')}
        onText={(where) => change({ where })}
      />
      {terms.length > 0 && (
        <div className="run-terms">
          <span className="dim">{words.t('run.where.known')}</span>
          {terms.map(([term, n]) => (
            <button key={term} type="button" className="run-term" onClick={() => add(term)}>
              {term}
              <span className="faint num">{n}</span>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

export function PlacePart(props: Props) {
  const { form, faults, change } = props;
  const words = useWords();
  const say = useSay(faults);
  const options = useOptions();
  return (
    <div className="dialog__group">
      <Select
        label={words.t('run.machine')}
        value={form.machineId ?? anyValue}
        options={options}
        fault={say('machineId')}
        {...(form.machineId === null ? { hint: words.t('run.any.about') } : {})}
        onValue={(id) => change({ machineId: id === anyValue ? null : (id as MachineId) })}
      />
      {form.machineId === null && <Condition {...props} />}
    </div>
  );
}
