// What known_hosts of this computer says of a host key that is to be trusted: evidence, never a decision.
import type { KnownHostAnswer } from '../../../electron/contract/discovery.ts';
import type { LaneRecord } from '../../../electron/contract/enrolment.ts';
import type { HostKey } from '../../../electron/contract/machine.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { call } from '../../bridge/bridge.ts';
import { Glyph } from '../../kit/glyph.tsx';
import { placeOf } from '../../parts/found.ts';
import { useAsked } from '../../parts/use-asked.ts';

type Evidence = { readonly tone: 'for' | 'against' | 'neither'; readonly text: string };

export function evidenceOf(answer: KnownHostAnswer, { type, fingerprint }: HostKey, words: Words): Evidence {
  const { here, isRevoked, alsoAs, alsoHashed } = answer;
  const keys = here.filter(({ mark }) => mark === 'key');
  const other = keys.find((key) => key.type === type);
  if (isRevoked) return { tone: 'against', text: words.t('lane.key.known.revoked') };
  if (keys.some((key) => key.fingerprint === fingerprint))
    return { tone: 'for', text: words.t('lane.key.known.same') };
  if (other !== undefined) {
    return { tone: 'against', text: words.t('lane.key.known.other', { fingerprint: other.fingerprint }) };
  }
  if (alsoAs.length > 0) {
    const names = alsoAs.join(words.t('list.comma'));
    return { tone: 'for', text: words.t('lane.key.known.also', { names }) };
  }
  if (alsoHashed > 0) return { tone: 'for', text: words.t('lane.key.known.also-hashed', { n: alsoHashed }) };
  return { tone: 'neither', text: words.t(keys.length > 0 ? 'lane.key.known.type' : 'lane.key.known.none') };
}

export function KnownKey({ lane, hostKey }: { readonly lane: LaneRecord; readonly hostKey: HostKey }) {
  const words = useWords();
  const place = placeOf(lane);
  const { fingerprint } = hostKey;
  const { value, isOld } = useAsked(`${place.host} ${place.port} ${fingerprint}`, () =>
    call('discovery:known-key', { ...place, fingerprint }),
  );
  if (value === undefined || isOld || !value.ok) return null;
  const { tone, text } = evidenceOf(value.value, hostKey, words);
  return (
    <>
      <dt>{words.t('lane.key.known')}</dt>
      <dd className={tone === 'against' ? 't-failed' : tone === 'neither' ? 'dim' : ''}>
        <span className="glyph-line">
          {tone !== 'neither' && <Glyph kind={tone === 'for' ? 'done' : 'failed'} size={12} />}
          <span>{text}</span>
        </span>
      </dd>
    </>
  );
}
