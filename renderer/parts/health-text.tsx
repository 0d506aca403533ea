// A machine's state in words, with the age of what we know. The age ticks; it is never hidden.
import { useShallow } from 'zustand/react/shallow';
import type { MachineId } from '../../electron/contract/ids.ts';
import { useWords } from '../app/messages/words.ts';
import { cx } from '../kit/cx.ts';
import { useNowMs } from '../store/clock.ts';
import { drainProgress } from '../store/drain.ts';
import type { MachineHealth } from '../store/health.ts';
import { useRow, useTables } from '../store/tables.ts';

/** `silent 42 s`, `unreachable, next try in 4 s`, `connecting`. */
export function HealthText({
  machineId,
  health,
}: {
  readonly machineId: MachineId;
  readonly health: MachineHealth;
}) {
  const words = useWords();
  const nowMs = useNowMs();
  const link = useTables((tables) => (health.isFresh ? undefined : tables.links.get(machineId)));
  const progress = useTables(
    useShallow((tables) => {
      const agentId = tables.machines.get(machineId)?.agentId ?? null;
      return drainProgress(tables, agentId === null ? undefined : tables.agents.get(agentId));
    }),
  );
  const parts: string[] = [];
  const heardMs = link?.lastHeardAtMs ?? null;
  if (health.word === 'silent' && heardMs !== null) {
    parts.push(words.t('state.silent-for', { age: words.duration(nowMs - heardMs) }));
  } else parts.push(words.t(`state.${health.word}`));
  if (health.word === 'draining' && progress !== null) {
    parts.push(words.t('state.drain-progress', { ended: progress.ended, n: progress.all }));
  }
  if (health.word === 'drained') parts.push(words.t('state.safe'));
  const nextMs = link?.nextTryAtMs ?? null;
  if (link?.phase === 'down' && nextMs !== null && nextMs > nowMs) {
    parts.push(words.t('state.next-try', { age: words.duration(nextMs - nowMs + 999) }));
  }
  const text = parts.join(words.t('list.comma'));
  // Whole also where there is no room for it.
  return (
    <span className={`t-${health.glyph}`} title={text}>
      {text}
    </span>
  );
}

/** Age of the newest word from the machine: a calm word while it is live, which is the caller's, else the growing age. */
export function HeardAge({
  machineId,
  health,
  fresh,
}: {
  readonly machineId: MachineId;
  readonly health: MachineHealth;
  readonly fresh: string;
}) {
  if (health.isFresh) return <span className="faint">{fresh}</span>;
  return <Silence machineId={machineId} health={health} />;
}

function Silence({ machineId, health }: { readonly machineId: MachineId; readonly health: MachineHealth }) {
  const words = useWords();
  const nowMs = useNowMs();
  const heardMs = useRow('links', machineId)?.lastHeardAtMs ?? null;
  if (heardMs === null) {
    return <span className={cx(`t-${health.glyph}`)}>{words.t('state.never-heard')}</span>;
  }
  return <span className={cx(`t-${health.glyph}`)}>{words.duration(nowMs - heardMs)}</span>;
}
