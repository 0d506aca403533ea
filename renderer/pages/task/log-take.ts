// Taking a log elsewhere: copy what is held, or save the whole file through the main process.
import type { LogFile } from '../../../electron/contract/channels.ts';
import type { TaskId } from '../../../electron/contract/ids.ts';
import { showRefusal } from '../../app/acts.ts';
import { bytes as bytesText } from '../../app/messages/amounts.ts';
import { wordsNow } from '../../app/messages/words.ts';
import { call, drop } from '../../bridge/bridge.ts';
import { toast } from '../../store/toasts.ts';
import type { LogBuffer } from './log-buffer.ts';
import { decodeUtf8 } from './log-text.ts';

/** The clipboard takes at most 8 Mi characters in one go. */
const copyMost = 8_000_000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are not wanted on the clipboard
const colours = /\u001b\[[\d;:]*m/g;

async function copyText(text: string): Promise<void> {
  const words = wordsNow();
  const isCut = text.length > copyMost;
  const taken = isCut ? text.slice(-copyMost) : text;
  const answer = await call('clipboard:write', { text: taken });
  if (!answer.ok) showRefusal(answer.refusal);
  else toast({ text: words.t(isCut ? 'log.copied-tail' : 'log.copied', { size: bytesText(taken.length) }) });
}

/** `from` and `to` are numbers since the start of the log; what was dropped meanwhile is left out. */
export function copyLines(buffer: LogBuffer, from: number, to: number): void {
  const first = Math.max(0, from - buffer.firstLine);
  const last = Math.min(buffer.lineCount - 1, to - buffer.firstLine);
  if (last < first) return;
  const text = decodeUtf8(buffer.bytesOfLines(first, last)).replace(colours, '');
  drop(copyText(text), 'shows its own refusal');
}

export function copyAll(buffer: LogBuffer): void {
  copyLines(buffer, buffer.firstLine, buffer.firstLine + buffer.lineCount - 1);
}

export function saveLog(taskId: TaskId, file: LogFile): void {
  const save = async () => {
    const answer = await call('log:save', { taskId, file });
    if (!answer.ok) showRefusal(answer.refusal);
    else if (answer.value !== null) {
      const { path, bytes } = answer.value;
      toast({ text: wordsNow().t('log.saved', { size: bytesText(bytes), path }) });
    }
  };
  drop(save(), 'shows its own refusal');
}
