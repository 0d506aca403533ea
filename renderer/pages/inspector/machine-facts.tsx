// What a machine is and how it is reached.
import {
  type AgentRecord,
  type DemoSlice,
  demoSliceOf,
  type MachineRecord,
} from '../../../electron/contract/machine.ts';
import { cpus, mib } from '../../app/messages/amounts.ts';
import { useWords } from '../../app/messages/words.ts';
import { type Fact, Facts, Section } from '../../parts/facts.tsx';
import { jumpNames } from '../../parts/jumps.ts';
import { useRow } from '../../store/tables.ts';

/** What a slice is: a share of this computer, whose own facts follow. */
function SliceFacts({ slice }: { readonly slice: DemoSlice }) {
  const words = useWords();
  const { cpusMilli, memMib, diskMib } = slice.capacity;
  return (
    <Facts
      facts={[
        [
          words.t('fact.share'),
          words.t('fact.share-value', { cpus: cpus(cpusMilli), mem: mib(memMib), disk: mib(diskMib) }),
        ],
        ...slice.attributes.map(({ key, value }): Fact => [key, value]),
      ]}
    />
  );
}

function AgentFacts({ agent, isSlice }: { readonly agent: AgentRecord; readonly isSlice: boolean }) {
  const words = useWords();
  const { facts } = agent;
  return (
    <Facts
      facts={[
        [words.t('fact.hostname'), facts.hostname],
        [words.t('fact.os'), facts.os],
        [words.t('fact.kernel'), facts.kernel],
        [words.t('fact.arch'), facts.arch],
        [words.t('fact.memory'), isSlice ? '' : mib(facts.memMib)],
        [words.t('fact.swap'), isSlice || facts.swapMib === 0 ? '' : mib(facts.swapMib)],
        ...(isSlice ? [] : facts.gpus).map(
          (gpu): Fact => [`GPU ${gpu.index}`, `${gpu.model}, ${mib(gpu.memMib)}`],
        ),
        [
          words.t('fact.offerable'),
          words.t('task.allocated-value', {
            cpus: cpus(agent.resources.cpusMilli),
            mem: mib(agent.resources.memMib),
          }),
        ],
        [words.t('fact.agent'), agent.version],
        [words.t('fact.runs-as'), facts.user],
        [
          words.t('fact.limits'),
          facts.cgroup === 'none' ? words.t('fact.limits-none') : `cgroup ${facts.cgroup}`,
        ],
        [words.t('fact.comes-back'), words.t(`fact.boot.${facts.boot}`)],
      ]}
    />
  );
}

export function MachineFacts({
  machine,
  agent,
}: {
  readonly machine: MachineRecord;
  readonly agent: AgentRecord | undefined;
}) {
  const words = useWords();
  const link = useRow('links', machine.id);
  const { via } = machine;
  const slice = demoSliceOf(machine);
  const roundTrip = link?.roundTripMs ?? null;
  const load = useRow('samples', machine.id)?.sample.load ?? [];
  return (
    <>
      <Section title={words.t('inspector.facts')}>
        {slice !== null && <SliceFacts slice={slice} />}
        {agent !== undefined && <AgentFacts agent={agent} isSlice={slice !== null} />}
        <Facts
          facts={[
            via.kind === 'ssh' ? [words.t('fact.link'), `${via.user}@${via.address}:${via.port}`] : null,
            [words.t('found.login.jumps'), jumpNames(machine).join(words.t('list.comma'))],
            via.kind === 'ssh'
              ? [
                  words.t('fact.host-key'),
                  <span key="k" className="mono breakable">
                    {via.hostKey.fingerprint}
                  </span>,
                ]
              : null,
            [words.t('fact.load'), load.map((each) => (each / 100).toFixed(2)).join(' ')],
            [words.t('fact.round-trip'), roundTrip === null ? '' : `${roundTrip.toFixed(1)} ms`],
            [words.t('fact.added'), words.dateTime(machine.addedAtMs)],
          ]}
        />
      </Section>
      {agent !== undefined && agent.facts.addresses.length > 0 && (
        <Section title={words.t('inspector.addresses')}>
          <Facts
            facts={agent.facts.addresses.map(
              ({ iface, ip, mac }): Fact => [
                `${iface} ${mac}`.trim(),
                <span key={ip} className="mono">
                  {ip}
                </span>,
              ],
            )}
          />
        </Section>
      )}
    </>
  );
}
