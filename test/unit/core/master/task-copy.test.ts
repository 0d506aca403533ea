import { expect, test } from 'vitest';
import { type TaskRecord, taskRecordSchema } from '../../../../electron/contract/task.ts';
import { copyTask } from '../../../../electron/core/master/task-copy.ts';

const names = Object.keys(taskRecordSchema.shape);
/** With something in every field that a record can have. */
const whole = Object.fromEntries(names.map((name) => [name, [name]])) as unknown as TaskRecord;

test('a copy has every field that a record can have', () => {
  const copy = copyTask(whole, whole.owed);
  expect(copy).toEqual(whole);
  expect(copy).not.toBe(whole);
});

test('a copy owes what is said', () => {
  expect(copyTask(whole, ['another']).owed).toEqual(['another']);
  expect('owed' in copyTask(whole, undefined)).toBe(false);
});

test('what a record does not have is absent in its copy too', () => {
  const required = names.filter((name) => !taskRecordSchema.shape[name as keyof TaskRecord].isOptional());
  const bare = Object.fromEntries(required.map((name) => [name, name])) as unknown as TaskRecord;
  expect(Object.keys(copyTask(bare, undefined)).toSorted()).toEqual(required.toSorted());
});
