// @vitest-environment node
// How a task ended, in the language chosen; what is not known stays as the agent said it.
import { expect, it } from 'vitest';
import type { TaskId } from '../../../electron/contract/ids.ts';
import { wordsFor } from '../../../renderer/app/messages/words.ts';
import { endMessage } from '../../../renderer/parts/end-words.ts';
import { aStatus } from '../../support/fake-bridge/records.ts';

const status = (message: string, exitCode: number | null, signal: number | null) =>
  aStatus('t-1' as TaskId, 'TASK_FAILED', 1, { message, exitCode, signal });

it.each([
  [status('exited with code 3', 3, null), 'exited with code 3', '以退出码 3 结束'],
  [status('killed by signal 6 (ABRT)', null, 6), 'killed by signal 6 (ABRT)', '被信号 6 (ABRT) 终止'],
  [
    status('out of memory: killed by signal 9 (KILL)', null, 9),
    'out of memory: killed by signal 9 (KILL)',
    '内存不足：被信号 9 (KILL) 终止',
  ],
  [status('the whale sank', null, null), 'the whale sank', undefined],
])('says %j', (each, english, chinese) => {
  expect(endMessage(each, wordsFor('en'))).toBe(english);
  expect(endMessage(each, wordsFor('zh-CN'))).toBe(chinese ?? english);
});
