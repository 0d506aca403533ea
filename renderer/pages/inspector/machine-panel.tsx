// Inspector of one machine.
import { Ellipsis, Play, RotateCw } from 'lucide-react';
import { useShallow } from 'zustand/react/shallow';
import {
  type AgentRecord,
  demoSliceOf,
  type MachineRecord,
  type SampleRecord,
} from '../../../electron/contract/machine.ts';
import { openTask, reconnect } from '../../app/acts.ts';
import { cpus, mib, mibOf } from '../../app/messages/amounts.ts';
import { said } from '../../app/messages/said.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { Glyph } from '../../kit/glyph.tsx';
import { Menu } from '../../kit/menu.tsx';
import { Meter } from '../../kit/meter.tsx';
import { Availability } from '../../parts/availability.tsx';
import { Section } from '../../parts/facts.tsx';
import { HealthText } from '../../parts/health-text.tsx';
import { holderOf } from '../../parts/holder.ts';
import { listOfActive } from '../../parts/machine-door.tsx';
import { useMachineMenu } from '../../parts/machine-menu.tsx';
import { useNowMs } from '../../store/clock.ts';
import { type MachineHealth, taskGlyph } from '../../store/health.ts';
import { hashOf, identityOf } from '../../store/identity.ts';
import { activeTasksOf, agentOf, capacityOf, healthOf } from '../../store/selectors.ts';
import { useRow, useTables } from '../../store/tables.ts';
import { go, lightKin, openDialog } from '../../store/view.ts';
import { Isolation } from './isolation.tsx';
import { MachineCharts } from './machine-charts.tsx';
import { MachineFacts } from './machine-facts.tsx';

function wherePhrase({ via }: MachineRecord, words: Words): string {
  if (via.kind === 'ssh') return `${via.user}@${via.address}`;
  if (via.demo !== undefined) return words.t('inspector.demo-slice', { slot: via.demo.slot });
  return words.t('inspector.this-computer');
}

function Head({
  machine,
  agent,
  health,
}: {
  readonly machine: MachineRecord;
  readonly agent: AgentRecord | undefined;
  readonly health: MachineHealth;
}) {
  const words = useWords();
  const entries = useMachineMenu(machine);
  const where = wherePhrase(machine, words);
  const { cpusMilli, memMib } = capacityOf(machine, agent);
  return (
    <header className="panel-head">
      <h2 className="panel-head__title">
        <Glyph kind={health.glyph} />
        <span className="clip selectable">{machine.name}</span>
      </h2>
      <p className="panel-head__sub">
        <HealthText machineId={machine.id} health={health} />
        <span className="faint"> · </span>
        <span className="dim selectable">{where}</span>
      </p>
      {agent !== undefined && (
        <p className="panel-head__sub dim">
          {agent.facts.cpuModel}
          <br />
          {words.t('rack.size', { cpus: cpusMilli / 1000, mem: mib(memMib) })}
        </p>
      )}
      <div className="panel-head__actions">
        <Button
          compact
          icon={<Play />}
          disabled={!health.isFresh || health.word !== 'live'}
          onClick={() => openDialog({ kind: 'run-task', machineId: machine.id })}
        >
          {words.t('verb.run-task')}
        </Button>
        {!health.isFresh && health.word !== 'gone' && (
          <Button compact icon={<RotateCw />} onClick={() => reconnect(machine)}>
            {words.t('verb.reconnect')}
          </Button>
        )}
        <Menu entries={entries} trigger={<IconButton label={words.t('verb.more')} icon={<Ellipsis />} />} />
      </div>
    </header>
  );
}

function Problem({ machine, health }: { readonly machine: MachineRecord; readonly health: MachineHealth }) {
  const words = useWords();
  if (health.problem === null) return null;
  const holder = holderOf(health.problem);
  return (
    <div className="panel-problem" data-tone={health.glyph}>
      <p className="panel-problem__what">{words.refusal(health.problem)}</p>
      <p className="dim">{words.remedy(health.problem)}</p>
      <details>
        <summary className="dim">{words.t('refusal.details')}</summary>
        <p className="mono selectable panel-problem__code">{said(health.problem.detail, words)}</p>
      </details>
      {holder !== null && (
        <div className="panel-problem__act">
          <Button compact onClick={() => openDialog({ kind: 'take-over', machineId: machine.id })}>
            {words.t('verb.take-over')}
          </Button>
        </div>
      )}
    </div>
  );
}

const tasksShown = 8;

function Tasks({ machine, isFresh }: { readonly machine: MachineRecord; readonly isFresh: boolean }) {
  const words = useWords();
  const tasks = useTables((tables) => activeTasksOf(tables, machine.id));
  const all = (
    <Button look="link" onClick={() => go(listOfActive(machine, isFresh))}>
      {words.t('tasks.filter.all')} {tasks.length}
    </Button>
  );
  return (
    <Section title={words.t('inspector.tasks')} aside={tasks.length > 0 && all}>
      {tasks.length === 0 && <p className="faint">{words.t('inspector.no-tasks')}</p>}
      <ul className="panel-tasks">
        {tasks.slice(0, tasksShown).map((task) => {
          const { hue } = identityOf(task.info.name);
          const kin = hashOf(task.info.name);
          return (
            <li key={task.id}>
              <button
                type="button"
                className="panel-task"
                onClick={() => openTask(task.id)}
                onPointerEnter={() => lightKin(kin)}
                onPointerLeave={() => lightKin(null)}
                onFocus={() => lightKin(kin)}
                onBlur={() => lightKin(null)}
              >
                <span className="swatch" data-hue={hue} />
                <span className="clip grow">{task.info.name}</span>
                <span className="num dim">{cpus(task.info.resources.cpusMilli)}</span>
                <span className="num dim panel-task__mem">{mib(task.info.resources.memMib)}</span>
                <Glyph
                  kind={taskGlyph(task.state, isFresh)}
                  label={words.t(`task-state.${task.state}`)}
                  size={12}
                />
              </button>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Disks({
  record,
  isStale,
}: {
  readonly record: SampleRecord | undefined;
  readonly isStale: boolean;
}) {
  const words = useWords();
  if (record === undefined || record.sample.disks.length === 0) return null;
  return (
    <Section title={words.t('inspector.disks')}>
      <ul className="panel-disks">
        {record.sample.disks.map((disk) => (
          <li key={disk.mount} className="panel-disk">
            <span className="clip selectable mono" title={disk.mount}>
              {disk.mount}
            </span>
            <Meter
              size="thin"
              look="level"
              label={disk.mount}
              use={disk.totalMib === 0 ? null : disk.usedMib / disk.totalMib}
              isStale={isStale}
            />
            <span className="num dim">{mibOf(disk.usedMib, disk.totalMib)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Gpus(props: {
  readonly agent: AgentRecord | undefined;
  readonly record: SampleRecord | undefined;
  readonly isStale: boolean;
}) {
  const words = useWords();
  const { agent, record, isStale } = props;
  if (agent === undefined || agent.facts.gpus.length === 0) return null;
  return (
    <Section title={words.t('inspector.gpus')}>
      <ul className="panel-disks">
        {agent.facts.gpus.map((gpu) => {
          const use = record?.sample.gpus.find((each) => each.index === gpu.index);
          const used = use === undefined ? mib(gpu.memMib) : mibOf(use.memUsedMib, gpu.memMib);
          return (
            <li key={gpu.index} className="panel-disk">
              <span className="clip selectable" title={gpu.model}>
                {gpu.model}
              </span>
              <Meter
                size="thin"
                look="level"
                label={gpu.model}
                use={use === undefined ? null : use.busyPct / 100}
                isStale={isStale}
              />
              <span className="num dim">{used}</span>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function LiveTitle({ health }: { readonly health: MachineHealth }) {
  const words = useWords();
  const nowMs = useNowMs();
  if (health.isFresh) return words.t('inspector.history');
  return words.t('inspector.live-stale', { age: words.duration(nowMs - (health.staleSinceMs ?? nowMs)) });
}

export function MachinePanel({ machine }: { readonly machine: MachineRecord }) {
  const words = useWords();
  const agent = useTables((tables) => agentOf(tables, machine));
  const health = useTables(useShallow((tables) => healthOf(tables, machine)));
  const record = useRow('samples', machine.id);
  const isStale = !health.isFresh;
  return (
    <div className="panel">
      <Head machine={machine} agent={agent} health={health} />
      {agent?.state.kind !== 'gone' && <Problem machine={machine} health={health} />}
      <Availability machine={machine} agent={agent} health={health} />
      {machine.note !== '' && (
        <Section title={words.t('inspector.note')}>
          <p className="panel-note selectable">{machine.note}</p>
        </Section>
      )}
      <Tasks machine={machine} isFresh={health.isFresh} />
      <section className="section">
        <header className="section__head">
          <h3 className={isStale ? `t-${health.glyph}` : undefined}>
            <LiveTitle health={health} />
          </h3>
        </header>
        <MachineCharts
          machineId={machine.id}
          capacity={capacityOf(machine, agent)}
          record={record}
          isStale={isStale}
          isSlice={demoSliceOf(machine) !== null}
        />
      </section>
      <Gpus agent={agent} record={record} isStale={isStale} />
      <Disks record={record} isStale={isStale} />
      <Isolation agent={agent} />
      <MachineFacts machine={machine} agent={agent} />
    </div>
  );
}
