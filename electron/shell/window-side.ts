// Everything that exists once for the window on the main side: its gate, its patches, its log streams.
import type { BrowserWindow } from 'electron';
import type { PushChannel, Pushes } from '../contract/channels.ts';
import { pushTo } from './ipc.ts';
import { createGate, type Gate, type Handlers } from './ipc-gate.ts';
import type { Log } from './log-file.ts';
import type { Desktop, QuitAnswers } from './ports.ts';
import { createPublisher } from './publisher.ts';
import { appRequests } from './requests/app.ts';
import { artifactRequests } from './requests/artifact.ts';
import { demoRequests } from './requests/demo.ts';
import { discoveryRequests } from './requests/discovery.ts';
import { logRequests } from './requests/log.ts';
import { machineRequests } from './requests/machine.ts';
import { resultRequests } from './requests/results.ts';
import { roleRequests } from './requests/roles.ts';
import { sandboxRequests } from './requests/sandbox.ts';
import { taskRequests } from './requests/task.ts';
import type { Runtime } from './runtime.ts';
import { createWindowWork } from './window-work.ts';

export type WindowSide = {
  readonly gate: Gate;
  /** false when the window cannot take it. */
  readonly push: <P extends PushChannel>(channel: P, push: Pushes[P]) => boolean;
  /** The renderer died or was loaded anew: what belonged to it ends. */
  readonly reset: () => void;
  readonly stop: () => void;
};

export type WindowSideDeps = {
  readonly window: BrowserWindow;
  readonly runtime: Runtime;
  readonly desktop: Desktop;
  readonly quit: QuitAnswers;
  readonly log: Log;
};

export function createWindowSide({ window, runtime, desktop, quit, log }: WindowSideDeps): WindowSide {
  const contents = window.webContents;
  const from = { id: contents.id };
  const push = pushTo(contents);
  const publisher = createPublisher(runtime.master, (patch) => push('state:patch', patch));
  const work = createWindowWork();
  const fileDeps = { master: runtime.master, files: runtime.files, desktop, work };
  const { closeAll, ...logHandlers } = logRequests({
    master: runtime.master,
    logs: runtime.logs,
    files: runtime.files,
    work,
    desktop,
    pushFor: () => push,
  });
  const { endSearch, ...discoveryHandlers } = discoveryRequests(runtime.discovery, () => push);
  const handlers: Handlers = {
    ...appRequests({ master: runtime.master, desktop, quit, snapshotFor: publisher.snapshot }),
    ...machineRequests(runtime.master, runtime.ids, runtime.secrets),
    ...discoveryHandlers,
    ...demoRequests(runtime.demo),
    ...taskRequests(runtime.master, runtime.ids, runtime.waits),
    ...roleRequests(runtime.master, runtime.shares),
    ...logHandlers,
    ...sandboxRequests(fileDeps),
    ...resultRequests(fileDeps),
    ...artifactRequests({ artifacts: runtime.artifacts, desktop, work }),
  };
  const gate = createGate(handlers, log, () => performance.now());
  const reset = (): void => {
    publisher.close();
    closeAll(from);
    endSearch(from);
    work.endAll(from);
    gate.forget(from);
  };
  // A window that hangs gets nothing until it answers; then it sees the gap and asks for a snapshot.
  contents.on('unresponsive', publisher.pause);
  contents.on('responsive', publisher.resume);
  contents.on('did-start-navigation', (details) => {
    if (details.isMainFrame && !details.isSameDocument) reset();
  });
  return {
    gate,
    push: (channel, value) => {
      if (contents.isDestroyed() || contents.isCrashed() || contents.isLoadingMainFrame()) return false;
      push(channel, value);
      return true;
    },
    reset,
    stop: () => {
      publisher.stop();
      closeAll(from);
      endSearch(from);
      work.endAll(from);
    },
  };
}
