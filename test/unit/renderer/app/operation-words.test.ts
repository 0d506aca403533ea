// @vitest-environment node
import { expect, it } from 'vitest';
import type { OperationRecord } from '../../../../electron/contract/operation.ts';
import { wordsFor } from '../../../../renderer/app/messages/words.ts';
import { operationWords } from '../../../../renderer/app/operation-words.ts';

const changed = {
  verb: 'change-role',
  subject: 'eng',
  change: { weightMilli: { from: 1000, to: 2500 }, quota: true, preemption: false },
} as OperationRecord;

it('says what of a role was changed, in both languages', () => {
  expect(operationWords(changed, wordsFor('en'))).toBe('change the role eng: weight 1 → 2.5, quota');
  expect(operationWords(changed, wordsFor('zh-CN'))).toBe('更改角色 eng：权重 1 → 2.5，配额');
});

it('says the verb with its object otherwise', () => {
  const left = { verb: 'framework-left', subject: 'batch' } as OperationRecord;
  expect(operationWords(left, wordsFor('en'))).toBe('batch left; its tasks end');
  expect(operationWords(left, wordsFor('zh-CN'))).toBe('batch 已离开，其任务结束');
});
