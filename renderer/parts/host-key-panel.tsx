// The host key in its lane: fingerprint, the exact command to run at the machine, an explicit word of trust.
import type { LaneRecord } from '../../electron/contract/enrolment.ts';
import { cancelLane, copyText, trustKey } from '../app/acts.ts';
import { useWords } from '../app/messages/words.ts';
import { Button } from '../kit/button.tsx';
import { Copyable } from '../kit/parts.tsx';
import { jumpName } from './jumps.ts';
import { KnownKey } from './known-key.tsx';

const keyFiles: Readonly<Record<string, string>> = {
  'ssh-ed25519': 'ssh_host_ed25519_key.pub',
  'ssh-rsa': 'ssh_host_rsa_key.pub',
  'rsa-sha2-256': 'ssh_host_rsa_key.pub',
  'rsa-sha2-512': 'ssh_host_rsa_key.pub',
};

/** The command that prints the same fingerprint at the machine itself. */
export function hostKeyCommand(type: string): string {
  const file =
    keyFiles[type] ?? (type.startsWith('ecdsa') ? 'ssh_host_ecdsa_key.pub' : 'ssh_host_ed25519_key.pub');
  return `ssh-keygen -lf /etc/ssh/${file}`;
}

export function HostKeyPanel({ lane }: { readonly lane: LaneRecord }) {
  const words = useWords();
  const { hostKey, pinnedHostKey } = lane;
  if (hostKey === null) return null;
  const copy = { copyLabel: words.t('verb.copy'), copiedLabel: words.t('verb.copied'), onCopy: copyText };
  const isChanged = pinnedHostKey !== null;
  return (
    <div className={isChanged ? 'host-key host-key--changed' : 'host-key'}>
      {lane.jump && (
        <p className="host-key__title">{words.t('lane.key.of-jump', { name: jumpName(lane.jump) })}</p>
      )}
      <p className="host-key__title">{words.t(isChanged ? 'lane.key.changed-title' : 'lane.key.title')}</p>
      <p className="dim">{words.t(isChanged ? 'lane.key.changed' : 'lane.key.explain')}</p>
      <dl className="step-detail__facts">
        <dt>{words.t('lane.key.command')}</dt>
        <dd>
          <Copyable text={hostKeyCommand(hostKey.type)} {...copy} />
        </dd>
        <dt>{words.t('lane.key.offered', { type: hostKey.type })}</dt>
        <dd>
          <Copyable text={hostKey.fingerprint} {...copy} />
        </dd>
        {pinnedHostKey !== null && (
          <>
            <dt>{words.t('lane.key.pinned')}</dt>
            <dd>
              <Copyable text={pinnedHostKey.fingerprint} {...copy} />
            </dd>
          </>
        )}
        <KnownKey lane={lane} />
      </dl>
      <div className="host-key__actions">
        <Button compact look={isChanged ? 'danger' : 'primary'} onClick={() => trustKey(lane)}>
          {words.t(isChanged ? 'lane.key.trust-new' : 'lane.key.confirm')}
        </Button>
        <Button compact onClick={() => cancelLane(lane.id)}>
          {words.t('lane.key.refuse')}
        </Button>
      </div>
    </div>
  );
}
