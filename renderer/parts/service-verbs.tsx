// Out of service and back: the verbs that a machine has now, for its menu and for the palette.
import { CalendarClock, CirclePause, CirclePlay, LogOut } from 'lucide-react';
import type { ReactNode } from 'react';
import type { AgentRecord, MachineRecord } from '../../electron/contract/machine.ts';
import { pauseMachine, resumeMachine } from '../app/drain-acts.ts';
import type { MessageKey } from '../app/messages/en.ts';
import { openDialog } from '../store/view.ts';

export type ServiceVerb = {
  readonly key: 'pause' | 'resume' | 'drain' | 'maintain';
  readonly text: MessageKey;
  readonly icon: ReactNode;
  readonly act: () => void;
};

/** Of an agent that is gone, or was never there, there is nothing to take. */
export function serviceVerbs(machine: MachineRecord, agent: AgentRecord | undefined): readonly ServiceVerb[] {
  if (agent === undefined || agent.state.kind === 'gone' || machine.removal !== null) return [];
  const { id: machineId } = machine;
  const kind = agent.availability?.kind;
  const verbs: ServiceVerb[] = [];
  if (kind === undefined) {
    verbs.push({
      key: 'pause',
      text: 'verb.pause',
      icon: <CirclePause />,
      act: () => pauseMachine(machine),
    });
  } else {
    const text = kind === 'draining' ? 'verb.stop-drain' : 'verb.resume';
    const act = () => resumeMachine(machine, kind === 'deactivated');
    verbs.push({ key: 'resume', text, icon: <CirclePlay />, act });
  }
  if (kind === undefined || kind === 'deactivated') {
    const act = () => openDialog({ kind: 'drain', machineId });
    verbs.push({ key: 'drain', text: 'verb.drain', icon: <LogOut />, act });
  }
  const act = () => openDialog({ kind: 'plan-maintenance', machineId });
  verbs.push({ key: 'maintain', text: 'verb.plan-maintenance', icon: <CalendarClock />, act });
  return verbs;
}
