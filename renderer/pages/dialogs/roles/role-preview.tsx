// What a change would do, before it is done: who gets more or less, what would be owed, what to mind.
import type { RoleShare, SharesPreview, ShareWarning } from '../../../../electron/contract/shares.ts';
import { percent } from '../../../app/messages/amounts.ts';
import { useWords, type Words } from '../../../app/messages/words.ts';
import { Glyph } from '../../../kit/glyph.tsx';
import { FairBar } from '../../../parts/role-bars.tsx';
import { scalarNames, scalarsText, scalarText } from '../../../parts/scalar-words.ts';
import { hueOfRole } from '../../../store/identity.ts';

type Line = SharesPreview['roles'][number];

const tinyShare = 0.0005;

/** It is another one afterwards in what people look at. */
function isChanged({ before, after }: Line): boolean {
  const fair = (share: RoleShare | null) => share?.fairShare ?? 0;
  if (Math.abs(fair(before) - fair(after)) > tinyShare) return true;
  return scalarNames.some(
    (name) =>
      (before?.owed[name] ?? 0) !== (after?.owed[name] ?? 0) ||
      (before?.limit[name] ?? null) !== (after?.limit[name] ?? null) ||
      (before?.guarantee[name] ?? 0) !== (after?.guarantee[name] ?? 0),
  );
}

function Row({ line, words }: { readonly line: Line; readonly words: Words }) {
  const { role, before, after } = line;
  const fairBefore = percent(before?.fairShare ?? 0);
  const fairAfter = percent(after?.fairShare ?? 0);
  const owes = after !== null && scalarNames.some((name) => after.owed[name] > 0);
  return (
    <li className="role-preview__row">
      <p className="role-share__text">
        <span className="clip">{role === '*' ? words.t('roles.default') : role}</span>
        <span className="num">
          {fairBefore === fairAfter
            ? words.t('roles.fair', { fair: fairAfter })
            : words.t('roles.from-to', { before: fairBefore, after: fairAfter })}
        </span>
      </p>
      <FairBar
        name={role}
        share={before?.share ?? 0}
        fairShare={after?.fairShare ?? 0}
        hue={hueOfRole(role)}
        words={words}
      />
      {owes && (
        <p className="role-preview__owed">
          {words.t('roles.owed', { amount: scalarsText(after.owed, words) })}
        </p>
      )}
    </li>
  );
}

function warningText({ kind, resource, wanted, there }: ShareWarning, words: Words): string {
  const name = resource ?? 'cpusMilli';
  return words.t(`roles.warn.${kind}`, {
    resource: words.t(`scalar.${name}`),
    wanted: scalarText(name, wanted),
    there: scalarText(name, there),
  });
}

export function Warnings({ preview, words }: { readonly preview: SharesPreview; readonly words: Words }) {
  const { warnings, offersTakenBack } = preview;
  return (
    <ul className="role-warnings">
      {warnings.map((warning) => (
        <li key={`${warning.kind} ${warning.resource ?? ''}`} className="role-warning">
          <Glyph kind="waiting" size={12} />
          {warningText(warning, words)}
        </li>
      ))}
      {offersTakenBack > 0 && (
        <li className="role-warning dim">
          <Glyph kind="past" size={12} />
          {words.t('roles.offers-back', { n: offersTakenBack })}
        </li>
      )}
    </ul>
  );
}

export function RolePreview(props: { readonly preview: SharesPreview | null; readonly role: string }) {
  const words = useWords();
  const { preview, role } = props;
  const isOwn = (line: Line) => line.role === role;
  // The role itself stands first, the others as in the tree.
  const changed = (preview?.roles.filter(isChanged) ?? []).toSorted(
    (a, b) => Number(isOwn(b)) - Number(isOwn(a)),
  );
  return (
    <section className="role-preview" aria-label={words.t('roles.preview')} aria-live="polite">
      <h3 className="role-preview__title">{words.t('roles.preview')}</h3>
      {preview === null && <p className="faint">{words.t('roles.preview-empty')}</p>}
      {preview !== null && changed.length === 0 && <p className="dim">{words.t('roles.preview-same')}</p>}
      {changed.length > 0 && (
        <>
          <p className="role-preview__lead dim">{words.t('roles.preview-lead')}</p>
          <ul className="role-preview__rows">
            {changed.map((line) => (
              <Row key={line.role} line={line} words={words} />
            ))}
          </ul>
        </>
      )}
      {preview !== null && <Warnings preview={preview} words={words} />}
    </section>
  );
}
