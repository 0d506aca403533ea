// The runtime without Electron: store, adapters and loop wired by hand. `main.ts` puts a window on it, `headless.ts`
// only lines.
import { randomInt } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { AgentLinks, isLinkEffect } from '../adapters/agentlink/links.ts';
import { createDiscovery } from '../adapters/discovery/search.ts';
import { isLaneEffect, SshLanes } from '../adapters/ssh/lanes.ts';
import {
  openStoreThread,
  repairStore,
  type StoreThread,
  type StoreThreadOptions,
} from '../adapters/store/store-thread.ts';
import type { OpenedFacts } from '../adapters/store/thread-messages.ts';
import { ArtifactStore } from '../adapters/system/artifact-store.ts';
import { systemClock } from '../adapters/system/clock.ts';
import { DemoAgents, isDemoEffect } from '../adapters/system/demo-agents.ts';
import { systemIds } from '../adapters/system/ids.ts';
import { ensureOwnKey, listKeyFiles, type OwnKey } from '../adapters/system/keys.ts';
import { LocalAgent, localAgentBinary } from '../adapters/system/local-agent.ts';
import type { AppInfo } from '../contract/channels.ts';
import { demoSliceOf, type MachineRecord } from '../contract/machine.ts';
import { defaultSettings, type Settings } from '../contract/settings.ts';
import { type TaskRecord, terminalTaskStates } from '../contract/task.ts';
import type { Posted } from '../core/kernel/events.ts';
import type { EffectRunner } from '../core/kernel/ports.ts';
import { previewOf, sharesOf } from '../core/master/frameworks/shares.ts';
import { createDemo, type Demo, thisComputer } from './demo.ts';
import type { Log } from './log-file.ts';
import { Loop } from './loop.ts';
import { systemTimers } from './loop-timing.ts';
import type { Places } from './places.ts';
import type { Artifacts, Discovery, Files, Ids, Logs, Master, Secrets, SharesView, Waits } from './ports.ts';
import type { LocalEnd } from './quit.ts';
import { isSchedulerEffect, Schedulers } from './schedulers.ts';
import type { Trouble, TroubleChoice } from './trouble.ts';
import { createWaits } from './waits.ts';

export type Runtime = {
  readonly master: Master;
  readonly shares: SharesView;
  readonly ids: Ids;
  readonly secrets: Secrets;
  readonly discovery: Discovery;
  readonly logs: Logs;
  readonly files: Files;
  readonly artifacts: Artifacts;
  readonly demo: Demo;
  /** The door for schedulers behind a transport. */
  readonly schedulers: Schedulers;
  readonly waits: Waits;
  readonly settings: () => Settings;
  readonly loginFacts: () => Promise<Pick<AppInfo, 'keyFiles' | 'hasSshAgent' | 'ownPublicKey'>>;
  readonly runningLocalTasks: () => number;
  readonly close: (end: LocalEnd) => Promise<void>;
};

export type Opened =
  | { readonly kind: 'ready'; readonly runtime: Runtime }
  | {
      readonly kind: 'trouble';
      readonly trouble: Trouble;
      /** Carries out a choice; the data is opened anew afterwards. */
      readonly act: (choice: TroubleChoice) => Promise<void>;
    };

export type RuntimeOptions = { readonly places: Places; readonly appVersion: string; readonly log: Log };

export async function openRuntime(options: RuntimeOptions): Promise<Opened> {
  const storeOptions = storeOptionsOf(options);
  const result = await openStoreThread(storeOptions);
  if (result.kind === 'problem') {
    const act = (choice: TroubleChoice): Promise<void> => repair(choice, storeOptions, options.log);
    return { kind: 'trouble', trouble: result.problem, act };
  }
  const { thread, facts } = result;
  const keyFolder = path.join(options.places.dataFolder, 'keys');
  try {
    const ownKey = await ensureOwnKey(keyFolder);
    return { kind: 'ready', runtime: assemble({ ...options, thread, facts, ownKey }) };
  } catch (error) {
    await thread.close();
    const detail = error instanceof Error ? error.message : String(error);
    const trouble: Trouble = { kind: 'failed', file: keyFolder, detail, snapshotAtMs: null };
    return { kind: 'trouble', trouble, act: () => Promise.resolve() };
  }
}

function storeOptionsOf({ places, log }: RuntimeOptions): StoreThreadOptions {
  return {
    place: {
      file: path.join(places.dataFolder, 'mesolite.db'),
      nativeBinding: places.sqliteBinding ?? undefined,
      freshMasterId: systemIds.master(),
    },
    program: places.storeProgram,
    onSnapshot: (made) => {
      if (made.ok) log('info', 'store-snapshot', { file: made.value.file });
      else log('warn', 'store-snapshot-failed', { detail: made.refusal.detail });
    },
    onDeath: (why) => log('error', 'store-thread-died', { why }),
  };
}

async function repair(choice: TroubleChoice, options: StoreThreadOptions, log: Log): Promise<void> {
  if (choice === 'restore')
    log('info', 'store-restore', { worked: await repairStore(options, 'restore-snapshot') });
  if (choice === 'set-aside')
    log('warn', 'store-set-aside', { kept: await repairStore(options, 'set-aside') });
}

type Parts = RuntimeOptions & {
  readonly thread: StoreThread;
  readonly facts: OpenedFacts;
  readonly ownKey: OwnKey;
};
type Adapters = { readonly lanes: SshLanes; readonly links: AgentLinks; readonly demoAgents: DemoAgents };

function assemble(parts: Parts): Runtime {
  // Nothing here holds on to the rows that were read: the loop alone has them, and lets go of what it changes.
  const { thread, facts, log, ownKey, places } = parts;
  // The adapters speak of faults only after the loop exists.
  const posting: { post: (event: Posted) => void } = { post: () => undefined };
  const tasks = (): Iterable<TaskRecord> => loop.state.tables.tasks.values();
  const artifacts = artifactStore(parts, tasks);
  const { lanes, links, demoAgents } = makeAdapters(parts, artifacts, (event) => posting.post(event));
  const schedulers = schedulersOf(() => loop, log);
  const runner = runnerOf({ lanes, links, demoAgents }, schedulers);
  const loop: Loop = new Loop({
    store: thread,
    rows: facts.rows,
    runner,
    clock: systemClock,
    seed: randomInt(2 ** 32),
    log: ({ verb, fields }) => log('info', verb, fields),
  });
  posting.post = (event) => loop.post(event);
  loop.post({ kind: 'local-machine-found', machineId: systemIds.machine(), name: os.hostname() });
  for (const fault of facts.notices) {
    log('warn', 'store-notice', { kind: fault.kind, detail: fault.detail });
    loop.post({ kind: 'fault-raised', fault });
  }
  const localMachines = () => [...loop.state.tables.machines.values()].filter(isLocal);
  sweepDemo(demoAgents, (id) => loop.state.tables.machines.has(id), log);
  return {
    master: loop,
    shares: sharesView(loop),
    ids: systemIds,
    secrets: lanes,
    discovery: createDiscovery(parts.places.macVendors),
    schedulers,
    demo: createDemo({
      master: loop,
      ids: systemIds,
      agentBinary: agentBinaryOf(places),
      computer: () => thisComputer(places.dataFolder),
    }),
    waits: createWaits(
      () => loop.state,
      () => systemClock.monoMs(),
    ),
    logs: links,
    files: links,
    artifacts,
    settings: () => loop.state.tables.settings.get('settings') ?? defaultSettings,
    loginFacts: async () => ({
      keyFiles: await listKeyFiles(),
      hasSshAgent: agentSocket() !== null,
      ownPublicKey: ownKey.publicKey,
    }),
    runningLocalTasks: () => {
      const local = new Set(localMachines().map((machine) => machine.id));
      const running = [...tasks()].filter((task) => !terminalTaskStates.has(task.state));
      return running.filter((task) => local.has(task.machineId)).length;
    },
    close: async (end) => {
      await Promise.all(localMachines().map((machine) => endLocalAgent(links, machine, { end, log })));
      schedulers.closeAll();
      await loop.stop();
      links.closeAll();
      lanes.closeAll();
      await thread.close();
    },
  };
}

function sharesView(loop: Loop): SharesView {
  const stamp = () => ({ seq: 0, atMs: systemClock.nowMs(), monoMs: systemClock.monoMs() });
  return {
    now: () => sharesOf(loop.state, stamp()),
    preview: (change) => previewOf(loop.state, stamp(), change),
  };
}

function runnerOf({ lanes, links, demoAgents }: Adapters, schedulers: Schedulers): EffectRunner {
  return {
    run: (effect, post) => {
      if (isLinkEffect(effect)) links.run(effect, post);
      else if (isDemoEffect(effect)) demoAgents.run(effect, post);
      else if (isLaneEffect(effect)) lanes.run(effect, post);
      else if (isSchedulerEffect(effect)) schedulers.run(effect);
    },
  };
}

/** The loop is there by the time anybody connects. */
function schedulersOf(loop: () => Loop, log: Log): Schedulers {
  return new Schedulers({
    master: { command: (event) => loop().command(event), post: (event) => loop().post(event) },
    ids: systemIds,
    timers: systemTimers,
    log: ({ verb, fields }) => log('warn', verb, fields),
  });
}

function makeAdapters(
  { places, facts, ownKey, appVersion, log }: Parts,
  artifacts: ArtifactStore,
  post: (event: Posted) => void,
): Adapters {
  const sayLine = (line: string): void => log('info', 'adapter', { line });
  const local = new LocalAgent({
    binary: agentBinaryOf(places),
    dir: path.join(places.dataFolder, 'agent'),
    capacity: null,
    log: sayLine,
    onFault: (detail) => {
      if (detail === null) post({ kind: 'dismiss-fault', id: 'local-agent' });
      else post({ kind: 'fault-raised', fault: { id: 'local-agent', kind: 'local-agent', detail } });
    },
  });
  const lanes = new SshLanes({
    clock: systemClock,
    sources: { ownKeyPath: ownKey.privatePath, agentSocket: agentSocket() },
    ownPublicKey: ownKey.publicKey,
    keyMarker: `mesolite:${facts.masterId}`,
    agentFile: (arch) => path.join(places.agentFolder, `linux-${arch}`, 'mesolite-agent'),
    log: sayLine,
    aliveTasks: (machineId) => links.aliveTasks(machineId),
    endTasks: (machineId, signal) => links.endTasks(machineId, signal),
  });
  const demoAgents = new DemoAgents({
    binary: agentBinaryOf(places),
    dir: path.join(places.dataFolder, 'demo'),
    clock: systemClock,
    log: sayLine,
    endTasks: (machineId, signal, graceMs) => links.endTasks(machineId, signal, graceMs),
  });
  const links: AgentLinks = new AgentLinks({
    dial: (machine, signal) => {
      if (demoSliceOf(machine) !== null) return demoAgents.dial(machine, signal);
      return isLocal(machine) ? local.dial(signal) : lanes.dial(machine, signal);
    },
    master: { masterId: facts.masterId, epoch: facts.epoch },
    appVersion,
    clock: systemClock,
    artifacts,
    log: sayLine,
  });
  return { lanes, links, demoAgents };
}

type ForFiles = Pick<RuntimeOptions, 'places' | 'log'>;

function artifactStore({ places, log }: ForFiles, tasks: () => Iterable<TaskRecord>): ArtifactStore {
  return new ArtifactStore({
    dir: path.join(places.dataFolder, 'artifacts'),
    isNeeded: (sha256) => {
      for (const task of tasks()) {
        if (terminalTaskStates.has(task.state)) continue;
        if (task.info.artifacts?.some((each) => each.url === null && each.sha256 === sha256)) return true;
      }
      return false;
    },
    nowMs: () => systemClock.nowMs(),
    log: (line) => log('info', 'adapter', { line }),
  });
}

function agentBinaryOf(places: Places): string | null {
  return localAgentBinary(places.agentFolder, process.platform, process.arch);
}

/** What a database that was set aside or restored no longer knows must not live on unseen. */
function sweepDemo(demoAgents: DemoAgents, isKnown: (machineId: string) => boolean, log: Log): void {
  demoAgents
    .sweep(isKnown)
    .catch((error: unknown) => log('warn', 'demo-sweep-failed', { error: String(error) }));
}

function isLocal(machine: MachineRecord): boolean {
  return machine.via.kind === 'local';
}

function agentSocket(): string | null {
  return process.env.SSH_AUTH_SOCK || null;
}

type Ending = { readonly end: LocalEnd; readonly log: Log };

/** An agent with tasks stays unless it was said to stop them; the next start finds it by its socket. */
async function endLocalAgent(links: AgentLinks, local: MachineRecord, { end, log }: Ending): Promise<void> {
  if (!links.isLive(local.id)) return;
  const tasks = end === 'stop' ? 'stop' : 'keep';
  const answer = await links.shutDown(local.id, { tasks, onlyIfIdle: end !== 'stop' });
  if (answer.ok) log('info', 'local-agent-ended', { name: local.name, tasks });
  else
    log(end === 'keep' ? 'info' : 'warn', 'local-agent-stays', {
      name: local.name,
      reason: answer.refusal.reason,
      detail: answer.refusal.detail,
    });
}
