// What known_hosts of this computer says of a host key that is to be trusted: evidence, never a decision.
import type { KnownHostAnswer } from '../../electron/contract/discovery.ts';
import type { LaneRecord } from '../../electron/contract/enrolment.ts';
import type { HostKey } from '../../electron/contract/machine.ts';
import { useWords, type Words } from '../app/messages/words.ts';
import { call } from '../bridge/bridge.ts';
import { Glyph } from '../kit/glyph.tsx';
import { keyPlaceOf } from './found.ts';
import { useAsked } from './use-asked.ts';

export type Evidence = { readonly tone: 'for' | 'against' | 'neither'; readonly text: string };

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

/** What known_hosts says of the key each of these lanes shows, in their order. null = not known yet. */
export function useEvidence(lanes: readonly LaneRecord[]): readonly (Evidence | null)[] {
  const words = useWords();
  const asked = lanes.flatMap((lane) =>
    lane.hostKey === null ? [] : [{ ...keyPlaceOf(lane), fingerprint: lane.hostKey.fingerprint }],
  );
  const key = asked.map(({ host, port, fingerprint }) => `${host} ${port} ${fingerprint}`).join('\n');
  const { value } = useAsked(key, async () => {
    const answers = await Promise.all(asked.map((each) => call('discovery:known-key', each)));
    return new Map(asked.map((each, at) => [each.host + each.port + each.fingerprint, answers[at]]));
  });
  return lanes.map((lane) => {
    const { host, port } = keyPlaceOf(lane);
    const answer = lane.hostKey === null ? undefined : value?.get(host + port + lane.hostKey.fingerprint);
    return lane.hostKey !== null && answer?.ok === true
      ? evidenceOf(answer.value, lane.hostKey, words)
      : null;
  });
}

export function EvidenceText({ tone, text }: Evidence) {
  return (
    <span className={tone === 'against' ? 't-failed' : tone === 'neither' ? 'dim' : ''}>
      <span className="glyph-line">
        {tone !== 'neither' && <Glyph kind={tone === 'for' ? 'done' : 'failed'} size={12} />}
        <span>{text}</span>
      </span>
    </span>
  );
}

export function KnownKey({ lane }: { readonly lane: LaneRecord }) {
  const words = useWords();
  const [evidence] = useEvidence([lane]);
  if (evidence === null || evidence === undefined) return null;
  return (
    <>
      <dt>{words.t('lane.key.known')}</dt>
      <dd>
        <EvidenceText {...evidence} />
      </dd>
    </>
  );
}
