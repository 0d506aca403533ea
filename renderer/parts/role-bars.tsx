// The bars of a role, as page, inspector and preview draw them: its share against what is fair, and one resource of it.
import type { RoleShare, Scalars } from '../../electron/contract/shares.ts';
import { percent } from '../app/messages/amounts.ts';
import type { Words } from '../app/messages/words.ts';
import { ShareBar, type ShareMark } from '../kit/share-bar.tsx';
import { hueOfRole } from '../store/identity.ts';
import { type ScalarName, scalarText } from './scalar-words.ts';

export function FairBar(props: {
  readonly name: string;
  readonly share: number;
  readonly fairShare: number;
  readonly hue: number;
  readonly words: Words;
}) {
  const { name, share, fairShare, hue, words } = props;
  const says = { name, share: percent(share), fair: percent(fairShare) };
  const marks: ShareMark[] =
    fairShare === 0 ? [] : [{ at: fairShare, look: 'due', title: words.t('roles.fair-title', says) }];
  return <ShareBar label={words.t('roles.share-says', says)} fill={share} hue={hue} marks={marks} />;
}

/** Of the role as a whole: what it holds, what is set aside for it, its guarantee and its limit. */
export function ResourceBar(props: {
  readonly share: RoleShare;
  readonly total: Scalars;
  readonly resource: ScalarName;
  readonly words: Words;
}) {
  const { share, total, resource, words } = props;
  const whole = Math.max(1, total[resource]);
  const least = share.guarantee[resource];
  const most = share.limit[resource];
  const marks: ShareMark[] = [];
  if (least > 0) {
    const amount = scalarText(resource, least);
    marks.push({ at: least / whole, look: 'least', title: words.t('roles.guarantee-title', { amount }) });
  }
  if (most !== null) {
    const amount = scalarText(resource, most);
    marks.push({ at: most / whole, look: 'most', title: words.t('roles.limit-title', { amount }) });
  }
  const label = words.t('roles.resource-says', {
    name: share.role,
    resource: words.t(`scalar.${resource}`),
    held: scalarText(resource, share.allocated[resource]),
    total: scalarText(resource, total[resource]),
  });
  return (
    <ShareBar
      label={label}
      fill={share.allocated[resource] / whole}
      kept={share.reserved[resource] / whole}
      hue={hueOfRole(share.role)}
      marks={marks}
    />
  );
}

/** `at least 4`, `4 to 12`, `at most 12`; empty when nothing is set. */
export function boundsText(share: RoleShare, resource: ScalarName, words: Words): string {
  const least = share.guarantee[resource];
  const most = share.limit[resource];
  const args = { least: scalarText(resource, least), most: scalarText(resource, most ?? 0) };
  if (least > 0 && most !== null) return words.t('roles.bounds', args);
  if (most !== null) return words.t('roles.bounds-most', args);
  return least > 0 ? words.t('roles.bounds-least', args) : '';
}
