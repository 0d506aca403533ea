// How a framework stands: part of Mesolite, connected, away with the time it has left, ending, ended.
import type { FrameworkRecord, SubscriptionRecord } from '../../electron/contract/framework.ts';
import type { FrameworkId } from '../../electron/contract/ids.ts';
import type { Tables } from '../../electron/contract/tables.ts';
import type { TaskRecord } from '../../electron/contract/task.ts';
import { useWords, type Words } from '../app/messages/words.ts';
import { Glyph, type GlyphKind } from '../kit/glyph.tsx';
import { useNowMs } from '../store/clock.ts';
import { isActive } from '../store/selectors.ts';
import { useRow, useTables } from '../store/tables.ts';
import { useShares } from './use-shares.ts';

type Standing = 'built-in' | 'connected' | 'away' | 'ending' | 'ended';

/** The one that places what people run, before anybody ran anything. */
export const runFramework: FrameworkRecord = {
  id: 'f-run' as FrameworkId,
  kind: 'built-in',
  info: {
    name: 'run',
    user: '',
    roles: ['*'],
    capabilities: ['GPU_RESOURCES', 'PARTITION_AWARE'],
    failoverTimeoutMs: 0,
    offerFilters: {},
  },
  suppressedRoles: [],
  registeredAtMs: 0,
  completedAtMs: null,
};

/** A task without a framework is of the built-in one. */
export function tasksOf(tables: Tables, id: string): readonly TaskRecord[] {
  return [...tables.tasks.values()].filter((task) => (task.frameworkId ?? runFramework.id) === id);
}

function standingOf(
  { kind, completedAtMs }: FrameworkRecord,
  subscription: SubscriptionRecord | undefined,
  hasTasks: boolean,
): Standing {
  if (completedAtMs !== null) return hasTasks ? 'ending' : 'ended';
  if (kind === 'built-in') return 'built-in';
  return subscription?.phase === 'subscribed' ? 'connected' : 'away';
}

const glyphs: Readonly<Record<Standing, GlyphKind>> = {
  'built-in': 'healthy',
  connected: 'healthy',
  away: 'unknown',
  ending: 'working',
  ended: 'stopped',
};

function useStanding(framework: FrameworkRecord): Standing {
  const subscription = useRow('subscriptions', framework.id);
  const hasTasks = useTables((tables) => tasksOf(tables, framework.id).some((task) => isActive(task.state)));
  return standingOf(framework, subscription, hasTasks);
}

export function FrameworkGlyph({ framework }: { readonly framework: FrameworkRecord }) {
  const words = useWords();
  const standing = useStanding(framework);
  return <Glyph kind={glyphs[standing]} label={words.t(`frameworks.state.${standing}`)} size={12} />;
}

/** When its tasks end unless its scheduler is back. null: it is not away. */
function useFailoverAtMs(framework: FrameworkRecord): number | null {
  const subscription = useRow('subscriptions', framework.id);
  const { shares } = useShares();
  const atMonoMs = subscription?.failoverAtMonoMs ?? null;
  return atMonoMs === null || shares === null ? null : atMonoMs + shares.monoZeroMs;
}

function leftText(leftMs: number, words: Words): string {
  return leftMs <= 0
    ? words.t('frameworks.away-due')
    : words.t('frameworks.away-left', { left: words.duration(leftMs) });
}

export function FrameworkStanding({ framework }: { readonly framework: FrameworkRecord }) {
  const words = useWords();
  const nowMs = useNowMs();
  const standing = useStanding(framework);
  const failoverAtMs = useFailoverAtMs(framework);
  const isAway = standing === 'away' && failoverAtMs !== null;
  return (
    <span className={standing === 'away' ? 't-unknown' : 'dim'}>
      {words.t(`frameworks.state.${standing}`)}
      {isAway && ` · ${leftText(failoverAtMs - nowMs, words)}`}
    </span>
  );
}
