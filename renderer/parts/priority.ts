// Words for the priority of a task, and the three that have a name. Pure.
import type { Words } from '../app/messages/words.ts';

export const namedPriorities = { low: -100, normal: 0, high: 100 } as const;
export type NamedPriority = keyof typeof namedPriorities;
export const priorityNames: readonly NamedPriority[] = ['low', 'normal', 'high'];

export function nameOfPriority(priority: number): NamedPriority | null {
  return priorityNames.find((name) => namedPriorities[name] === priority) ?? null;
}

/** `normal`, `high (100)`, `7`. */
export function priorityWords(priority: number, words: Words): string {
  const name = nameOfPriority(priority);
  if (name === null) return String(priority);
  const said = words.t(`priority.${name}`);
  return priority === 0 ? said : words.t('priority.named', { name: said, n: String(priority) });
}
