// All keys that nobody has compared yet, each with its whole fingerprint and what known_hosts says of it. Trust is given to what
// is ticked and to nothing else; before that no user name and no credential leaves for the machine.
import { useState } from 'react';
import type { LaneRecord } from '../../../electron/contract/enrolment.ts';
import { cancelLane, copyText, trustKey } from '../../app/acts.ts';
import { useWords } from '../../app/messages/words.ts';
import { Button } from '../../kit/button.tsx';
import { Checkbox } from '../../kit/field.tsx';
import { Copyable } from '../../kit/parts.tsx';
import { hostKeyCommand } from '../../parts/host-key-panel.tsx';
import { jumpName } from '../../parts/jumps.ts';
import { type Evidence, EvidenceText, useEvidence } from '../../parts/known-key.tsx';

/** A tick is for the key that was shown: another one later has none. */
function tickOf({ id, hostKey }: LaneRecord): string {
  return `${id} ${hostKey?.fingerprint ?? ''}`;
}

function KeyRow(props: {
  readonly lane: LaneRecord;
  readonly evidence: Evidence | null;
  readonly isTicked: boolean;
  readonly onTick: () => void;
}) {
  const words = useWords();
  const { lane, evidence } = props;
  const fingerprint = lane.hostKey?.fingerprint ?? '';
  return (
    <li className="compare__row">
      <Checkbox
        label={
          <span className="compare__what">
            <span className="compare__title">
              {lane.jump
                ? words.t('adding.keys.jump', { name: jumpName(lane.jump), title: lane.title })
                : lane.title}
            </span>
            <code className="compare__print selectable">{fingerprint}</code>
            <span className="compare__said">
              <span className="dim">{lane.hostKey?.type}</span>
              {evidence !== null && <EvidenceText {...evidence} />}
            </span>
          </span>
        }
        checked={props.isTicked}
        onChecked={props.onTick}
      />
      <Button
        compact
        look="quiet"
        aria-label={words.t('adding.keys.refuse', { title: lane.title })}
        onClick={() => cancelLane(lane.id)}
      >
        {words.t('lane.key.refuse')}
      </Button>
    </li>
  );
}

export function KeysPanel({ lanes }: { readonly lanes: readonly LaneRecord[] }) {
  const words = useWords();
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());
  const evidence = useEvidence(lanes);
  if (lanes.length === 0) return null;
  const chosen = lanes.filter((lane) => ticked.has(tickOf(lane)));
  const known = lanes.filter((_, at) => evidence[at]?.tone === 'for');
  const commands = [...new Set(lanes.map(({ hostKey }) => hostKeyCommand(hostKey?.type ?? '')))];
  const toggle = (lane: LaneRecord) => {
    const next = new Set(ticked);
    if (!next.delete(tickOf(lane))) next.add(tickOf(lane));
    setTicked(next);
  };
  const tick = (which: readonly LaneRecord[]) => setTicked(new Set([...ticked, ...which.map(tickOf)]));
  return (
    <section className="compare" aria-label={words.t('adding.keys')}>
      <h2 className="compare__head">{words.t('adding.keys.title', { n: lanes.length })}</h2>
      <p className="dim">{words.t('adding.keys.explain')}</p>
      <div className="compare__commands">
        {commands.map((command) => (
          <Copyable
            key={command}
            text={command}
            copyLabel={words.t('verb.copy')}
            copiedLabel={words.t('verb.copied')}
            onCopy={copyText}
          />
        ))}
      </div>
      <ul className="compare__list">
        {lanes.map((lane, at) => (
          <KeyRow
            key={lane.id}
            lane={lane}
            evidence={evidence[at] ?? null}
            isTicked={ticked.has(tickOf(lane))}
            onTick={() => toggle(lane)}
          />
        ))}
      </ul>
      <div className="compare__foot">
        <Button
          compact
          look="primary"
          disabled={chosen.length === 0}
          onClick={() => chosen.forEach(trustKey)}
        >
          {words.t('adding.keys.trust', { n: chosen.length })}
        </Button>
        <Button
          compact
          look="quiet"
          onClick={() => tick(lanes.filter((_, at) => evidence[at]?.tone !== 'against'))}
        >
          {words.t('adding.keys.tick-all')}
        </Button>
        {known.length > 0 && (
          <Button compact look="quiet" onClick={() => tick(known)}>
            {words.t('adding.keys.tick-known', { n: known.length })}
          </Button>
        )}
      </div>
    </section>
  );
}
