// Watches that live as long as the window: operations that end in a refusal say so once; main asks before quitting.
import type { OperationRecord } from '../../electron/contract/operation.ts';
import { listen } from '../bridge/bridge.ts';
import { tableStore } from '../store/tables.ts';
import { openDialog } from '../store/view.ts';
import { showRefusal } from './acts.ts';
import { wordsNow } from './messages/words.ts';
import { operationWords } from './operation-words.ts';

/** Operations refused before the window opened are history, not news. */
export function watchOperations(): () => void {
  const told = new Set<string>();
  let isFirst = true;
  let before: ReadonlyMap<string, OperationRecord> | null = null;
  return tableStore.subscribe(({ status, tables }) => {
    if (status !== 'ready' || tables.operations === before) return;
    before = tables.operations;
    for (const operation of tables.operations.values()) {
      if (operation.refusal === null || told.has(operation.id)) continue;
      told.add(operation.id);
      // A lane shows its own failure, in its place; and what was refused at once was told where it was asked.
      const isLane = operation.verb === 'add-machine' || operation.verb === 'remove-machine';
      if (!isFirst && !isLane && operation.stage !== 'asked') {
        showRefusal(operation.refusal, operationWords(operation, wordsNow()));
      }
    }
    isFirst = false;
  });
}

export function watchQuit(): () => void {
  return listen('app:quit-asked', ({ runningTasks }) => openDialog({ kind: 'quit', runningTasks }));
}
