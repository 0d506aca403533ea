// The app itself: state, settings, about, links, clipboard, dialogs, the answer to the question at quitting.
import { ok } from '../../contract/errors.ts';
import type { Handlers, Sender } from '../ipc-gate.ts';
import type { Desktop, Master, QuitAnswers } from '../ports.ts';
import { defined } from './defined.ts';

type Names =
  | 'state:snapshot'
  | 'app:info'
  | 'app:open-external'
  | 'app:answer-quit'
  | 'settings:set'
  | 'dialog:pick-key-file'
  | 'clipboard:write'
  | 'fault:dismiss';

export type AppDeps = {
  readonly master: Master;
  readonly desktop: Desktop;
  readonly quit: QuitAnswers;
  /** The snapshot of this window, from which its patches go on. */
  readonly snapshotFor: (from: Sender) => ReturnType<Master['snapshot']>;
};

export function appRequests({ master, desktop, quit, snapshotFor }: AppDeps): Pick<Handlers, Names> {
  return {
    'state:snapshot': (_request, from) => ok(snapshotFor(from)),
    'app:info': async () => ok(await desktop.about()),
    'app:open-external': ({ link }) => desktop.openLink(link),
    'app:answer-quit': ({ choice, remember }) => quit.answer(choice, remember),
    'settings:set': (settings) => master.command({ kind: 'change-settings', settings: defined(settings) }),
    'dialog:pick-key-file': async () => {
      const path = await desktop.pickKeyFile();
      return ok(path === null ? null : { path });
    },
    'clipboard:write': ({ text }) => {
      desktop.writeClipboard(text);
      return ok(null);
    },
    'fault:dismiss': ({ id }) => master.command({ kind: 'dismiss-fault', id }),
  };
}
