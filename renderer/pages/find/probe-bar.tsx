// The probe: the only part of a search that speaks to machines, so it says what it will do and waits for the person.
import { Square } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { AttachedNetwork } from '../../../electron/contract/discovery.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import { useWords, type Words } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { Button } from '../../kit/button.tsx';
import { TextField } from '../../kit/field.tsx';
import { Select } from '../../kit/select.tsx';
import { useFinding } from '../../store/finding.ts';
import { readPorts } from './find-list.ts';

function textOf({ network, iface, partOf }: AttachedNetwork, words: Words): string {
  return partOf === null
    ? `${network} · ${iface}`
    : words.t('find.probe.part', { network, iface, whole: partOf });
}

function Progress({ done, total, isStopped }: { done: number; total: number; isStopped: boolean }) {
  const words = useWords();
  const share = total === 0 ? 0 : done / total;
  const text = words.t(isStopped ? 'find.probe.stopped-at' : 'find.probe.progress', { done, total });
  return (
    <div className="find-progress">
      <div
        role="progressbar"
        aria-label={words.t('find.probe')}
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={done}
        className="find-progress__track"
      >
        <span className="find-progress__fill" style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </div>
      <span className="num dim">{text}</span>
    </div>
  );
}

export function ProbeBar() {
  const words = useWords();
  const searchId = useFinding((finding) => finding.searchId);
  const isOpen = useFinding((finding) => finding.phase === 'open');
  const networks = useFinding((finding) => finding.networks);
  const probe = useFinding((finding) => finding.sources.find(({ source }) => source === 'probe'));
  const [chosen, setChosen] = useState<string | null>(null);
  const [portsText, setPortsText] = useState('22');
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  useEffect(() => setRefusal(null), [chosen, portsText]);
  const network = networks.find((each) => each.network === chosen) ?? networks[0];
  const ports = readPorts(portsText);
  const isRunning = probe?.state === 'working';
  if (network === undefined)
    return isOpen ? <p className="find-note">{words.t('find.probe.no-network')}</p> : null;
  const start = async () => {
    if (ports === null) return;
    const answer = await call('discovery:probe', { searchId, network: network.network, ports: [...ports] });
    setRefusal(answer.ok ? null : answer.refusal);
  };
  const stop = () => drop(call('discovery:stop-probe', { searchId }), 'it may have ended');
  const count = network.addresses * (ports?.length ?? 1);
  return (
    <section className="find-probe" aria-label={words.t('find.probe')}>
      <div className="find-probe__row">
        <div className="find-probe__network">
          <Select
            label={words.t('find.probe.network')}
            isLabelHidden
            value={network.network}
            options={networks.map((each) => ({ value: each.network, text: textOf(each, words) }))}
            onValue={setChosen}
          />
        </div>
        <div className="find-probe__ports">
          <span aria-hidden="true">{words.t('find.probe.ports')}</span>
          <TextField
            label={words.t('find.probe.ports')}
            isLabelHidden
            width="tiny"
            value={portsText}
            fault={ports === null ? words.t('find.probe.bad-ports') : null}
            onText={setPortsText}
          />
        </div>
        {isRunning ? (
          <Button icon={<Square />} onClick={stop}>
            {words.t('find.probe.stop')}
          </Button>
        ) : (
          <Button disabled={ports === null || !isOpen} onClick={() => drop(start(), 'shows its own refusal')}>
            {words.t('find.probe.start')}
          </Button>
        )}
        {probe?.progress === null || probe?.progress === undefined ? (
          <span className="dim find-probe__says">{words.t('find.probe.says', { n: count })}</span>
        ) : (
          <Progress {...probe.progress} isStopped={probe.state === 'stopped'} />
        )}
      </div>
      {refusal !== null && (
        <p className="field__fault" role="alert">
          {words.refusal(refusal)} {words.remedy(refusal)}
        </p>
      )}
    </section>
  );
}
