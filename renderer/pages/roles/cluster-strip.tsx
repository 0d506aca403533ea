// The cluster at a glance: who holds what of it, what is held back for guarantees, what is free.
import type { Shares } from '../../../electron/contract/shares.ts';
import type { Words } from '../../app/messages/words.ts';
import { Meter, type MeterSegment } from '../../kit/meter.tsx';
import { type ScalarName, scalarText } from '../../parts/scalar-words.ts';
import { hashOf, hueOfRole } from '../../store/identity.ts';
import { inspect } from '../../store/view.ts';

const leastShare = 0.002;

function segmentsOf(shares: Shares, resource: ScalarName): readonly MeterSegment[] {
  const whole = Math.max(1, shares.total[resource]);
  return shares.roles.flatMap(({ role, allocated }) => {
    const share = allocated[resource] / whole;
    if (role.includes('/') || share < leastShare) return [];
    const title = `${role}: ${scalarText(resource, allocated[resource])}`;
    return { key: role, share, hue: hueOfRole(role), pattern: 0, kin: hashOf(role), title };
  });
}

function Line(props: { readonly shares: Shares; readonly resource: ScalarName; readonly words: Words }) {
  const { shares, resource, words } = props;
  const total = shares.total[resource];
  const text = (amount: number) => scalarText(resource, amount);
  const back = shares.headroom[resource];
  const held = shares.allocated[resource];
  const args = { held: text(held), total: text(total), back: text(back), free: text(shares.free[resource]) };
  return (
    <div className="cluster-strip__line">
      <span className="cluster-strip__name dim">{words.t(`scalar.${resource}`)}</span>
      <Meter
        label={words.t('roles.cluster-says', { ...args, resource: words.t(`scalar.${resource}`) })}
        segments={segmentsOf(shares, resource)}
        use={null}
        reserved={total === 0 ? 0 : back / total}
        reservedTitle={words.t('roles.held-back', args)}
        onPick={(role) => inspect({ kind: 'role', id: role })}
      />
      <span className="cluster-strip__text num dim">
        {words.t(back > 0 ? 'roles.cluster-back' : 'roles.cluster', args)}
      </span>
    </div>
  );
}

export function ClusterStrip({ shares, words }: { readonly shares: Shares; readonly words: Words }) {
  const shown = (['cpusMilli', 'memMib', 'gpus'] as const).filter((name) => shares.total[name] > 0);
  return (
    <section className="cluster-strip" aria-label={words.t('roles.cluster-title')}>
      {shown.map((resource) => (
        <Line key={resource} shares={shares} resource={resource} words={words} />
      ))}
    </section>
  );
}
