// Lanes that walk: each step takes its time; some stop at the host key, some fail, as the address wishes.
import {
  enrolmentSteps,
  type LaneRecord,
  type LaneStep,
  removalSteps,
} from '../../../electron/contract/enrolment.ts';
import type { Refusal } from '../../../electron/contract/errors.ts';
import type { MachineId } from '../../../electron/contract/ids.ts';
import type { HostKey } from '../../../electron/contract/machine.ts';

const offeredKey: HostKey = {
  type: 'ssh-ed25519',
  fingerprint: 'SHA256:mPq7Zk1vXc4eR9tYw2uB6nHsJ8dLfA0gKiOoTzQrEUs',
  key: 'AAAAC3NzaC1lZDI1NTE5AAAAIOffered',
};
export const pinnedKey: HostKey = {
  ...offeredKey,
  fingerprint: 'SHA256:0aBcDeFgHiJkLmNoPqRsTuVwXyZ1234567890abcdEF',
  key: 'AAAAC3NzaC1lZDI1NTE5AAAAIPinned',
};

type Script = { readonly ran: string; readonly answered: string; readonly tookMs: number };

const scripts: Readonly<Record<LaneStep['name'], Script>> = {
  jumps: { ran: 'log in to ada@gate:22', answered: 'all of them let us in', tookMs: 130 },
  reach: { ran: 'connect 192.168.1.31 port 22', answered: 'connected', tookMs: 3 },
  identify: {
    ran: 'read the SSH banner, exchange keys',
    answered: 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\ncurve25519-sha256, chacha20-poly1305@openssh.com',
    tookMs: 41,
  },
  'host-key': { ran: 'compare the host key with the one pinned', answered: 'no key pinned yet', tookMs: 0 },
  login: { ran: 'log in as ada with /home/me/.ssh/id_ed25519', answered: 'accepted: publickey', tookMs: 118 },
  privileges: {
    ran: 'id -un; id -u; sudo -n true; uname -sm; ps -p 1 -o comm=',
    answered: 'ada\n1000\nsudo: a password is required\nLinux x86_64\nsystemd',
    tookMs: 96,
  },
  space: {
    ran: 'df -Pk ~/.local/share; touch and run a file there',
    answered: '214 GiB free, writable, executable',
    tookMs: 52,
  },
  upload: {
    ran: 'put mesolite-agent (5.1 MiB), sha256sum',
    answered: '9f2c41d7… equal on both ends',
    tookMs: 640,
  },
  start: { ran: 'systemctl --user enable --now mesolite-agent', answered: 'active (running)', tookMs: 410 },
  'first-sample': { ran: 'mesolite-agent attach', answered: 'hello a-31f0, sample 1', tookMs: 1180 },
  connect: { ran: 'use the open connection', answered: 'live', tookMs: 2 },
  tasks: { ran: 'kill 2 tasks', answered: 'both ended', tookMs: 3050 },
  'stop-agent': { ran: 'agent.shutdown', answered: 'ended', tookMs: 120 },
  files: { ran: 'rm -rf ~/.local/share/mesolite', answered: '', tookMs: 60 },
  key: { ran: 'take our line out of ~/.ssh/authorized_keys', answered: '1 line removed', tookMs: 45 },
  verify: { ran: 'list what is left', answered: 'nothing', tookMs: 70 },
};

function freshSteps(kind: 'add' | 'remove'): LaneStep[] {
  const steps = kind === 'add' ? enrolmentSteps : removalSteps;
  return steps.map((name) => ({
    name,
    state: 'waiting',
    startedAtMs: null,
    tookMs: null,
    ran: '',
    answered: '',
    refusal: null,
  }));
}

export function newLane(id: MachineId, kind: 'add' | 'remove', title: string, nowMs: number): LaneRecord {
  return {
    id,
    kind,
    title,
    state: 'running',
    steps: freshSteps(kind),
    startedAtMs: nowMs,
    endedAtMs: null,
    hostKey: null,
    pinnedHostKey: null,
  };
}

const withStep = (lane: LaneRecord, index: number, change: Partial<LaneStep>): LaneRecord => ({
  ...lane,
  steps: lane.steps.map((step, at) => (at === index ? { ...step, ...change } : step)),
});

const failures: Readonly<
  Record<string, { readonly step: LaneStep['name']; readonly refusal: Refusal; readonly answered: string }>
> = {
  closed: {
    step: 'reach',
    refusal: { code: 'unreachable', reason: 'port-closed', detail: 'connect ECONNREFUSED 192.168.1.77:22' },
    answered: 'connection refused after 2 ms',
  },
  wrongkey: {
    step: 'login',
    refusal: {
      code: 'unauthorized',
      reason: 'login-refused',
      detail: 'All configured authentication methods failed',
    },
    answered: 'refused: publickey. The server also offers: password',
  },
};

/** One step forward: starts the next waiting step, or ends the one that works. */
export function advanceLane(lane: LaneRecord, nowMs: number): LaneRecord {
  if (lane.state !== 'running') return lane;
  const at = lane.steps.findIndex((step) => step.state === 'working' || step.state === 'waiting');
  const step = lane.steps[at];
  if (step === undefined) return { ...lane, state: 'done', endedAtMs: nowMs };
  const script = scripts[step.name];
  if (step.state === 'waiting') {
    if (lane.isPaused === true) return lane;
    return withStep(lane, at, { state: 'working', startedAtMs: nowMs, ran: script.ran });
  }
  const failure = Object.entries(failures).find(([word]) => lane.title.includes(word))?.[1];
  if (failure !== undefined && failure.step === step.name) {
    const failed = withStep(lane, at, {
      state: 'failed',
      tookMs: script.tookMs,
      answered: failure.answered,
      refusal: failure.refusal,
    });
    return { ...failed, state: 'failed', endedAtMs: nowMs };
  }
  if (step.name === 'host-key' && lane.hostKey === null) {
    const waiting = withStep(lane, at, { state: 'needs-you', answered: offeredKey.fingerprint });
    return {
      ...waiting,
      state: 'needs-you',
      hostKey: offeredKey,
      pinnedHostKey: lane.title.includes('changed') ? pinnedKey : null,
    };
  }
  return withStep(lane, at, { state: 'done', tookMs: script.tookMs, answered: script.answered });
}

export function confirmKey(lane: LaneRecord): LaneRecord {
  if (lane.state !== 'needs-you') return lane;
  const at = lane.steps.findIndex((step) => step.state === 'needs-you');
  return { ...withStep(lane, at, { state: 'done', tookMs: 5200 }), state: 'running', pinnedHostKey: null };
}

/** Runs a lane until it stops by itself or has done so many moves. */
export function walkLane(lane: LaneRecord, moves: number, nowMs: number): LaneRecord {
  let walked = lane;
  for (let i = 0; i < moves; i += 1) {
    const next = advanceLane(walked, nowMs);
    if (next === walked) break;
    walked = next;
  }
  return walked;
}

export function retryLane(lane: LaneRecord, nowMs: number): LaneRecord {
  return newLane(lane.id, lane.kind, lane.title, nowMs);
}
