// Names of roles, as Mesos wants them (mesos `roles.cpp`, docs/roles.md).
import type { Refusal } from '../../contract/errors.ts';

/** Mesos sets no cap; the tree is walked once for each level, so we do. */
const maxLength = 255;
const maxDepth = 16;
/** Tab, line feed, vertical tab, form feed, carriage return, space, backspace, delete; and what cannot be seen. */
const forbidden = /[\s\p{Cc}\p{Cf}]/u;

function why(role: string): string | null {
  if (role === '') return 'it is empty';
  if (role.length > maxLength) return `it is longer than ${maxLength} characters`;
  if (role === '*') return null;
  if (forbidden.test(role)) return 'it has white space or a character that cannot be seen';
  const components = role.split('/');
  if (components.length > maxDepth) return `it is deeper than ${maxDepth} levels`;
  for (const component of components) {
    if (component === '') return 'it starts or ends with a slash, or has two in a row';
    if (component === '.' || component === '..') return `"${component}" is no name`;
    if (component === '*') return '"*" stands alone';
    if (component.startsWith('-')) return `"${component}" starts with "-"`;
  }
  return null;
}

export function refuseRole(role: string): Refusal | null {
  const reason = why(role);
  return reason === null
    ? null
    : { code: 'invalid', reason: 'role-name', detail: `${JSON.stringify(role)}: ${reason}` };
}
