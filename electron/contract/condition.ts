// The language in which a person says on which machines a task may run: `os=linux, rack!=2, gpu exists`.
//
//   condition = term { "," term }                       all of them hold
//   term      = name ( "=" | "!=" | "~" | "!~" ) value  the text is, is not, matches, does not match as a whole
//             | name "exists" | name "not" "exists"
//   name      = a letter or digit, then letters, digits, ".", "_", "-", "/"; at most 64
//   value     = anything but a comma and a quote, without the spaces around it | '"' anything with \" and \\ '"'
//
// A name is a label, or one of the facts below, which need no prefix. Where there is no such name, `!=` and `!~` hold.
import type { Constraint, OfferConstraints } from './constraints.ts';

/** What every machine tells of itself, by its short name; `engine.` and `isolation.` are followed by one of theirs. */
const conditionFacts = ['arch', 'os', 'release', 'machine', 'agent', 'user', 'uid', 'gpu'] as const;
const factGroups = ['engine.', 'isolation.'] as const;
const prefix = 'mesolite.';

export const maxConditionChars = 1000;
const maxTerms = 32;

type ConditionProblem = 'name' | 'operator' | 'value' | 'quote' | 'too-long';

/** What is wrong, and with which words. */
type ConditionFault = { readonly problem: ConditionProblem; readonly near: string };
/** null: no condition at all. */
type ReadCondition =
  | { readonly ok: true; readonly constraints: OfferConstraints | null }
  | { readonly ok: false; readonly fault: ConditionFault };

const nameForm = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}(?=[\s=!~]|$)/;
const operatorForm = /^\s*(?:(!=|!~|=|~)\s*|\s(not\s+exists|exists)(?=[\s,]|$))/;

export function readCondition(text: string): ReadCondition {
  const bad = (problem: ConditionProblem, near: string): ReadCondition => ({
    ok: false,
    fault: { problem, near: near.trim().slice(0, 40) },
  });
  if (text.length > maxConditionChars) return bad('too-long', '');
  if (text.trim() === '') return { ok: true, constraints: null };
  const group: Constraint[] = [];
  for (let rest = text; ; ) {
    const term = readTerm(rest.trimStart());
    if (!term.ok) return bad(term.problem, term.near);
    group.push(term.constraint);
    if (group.length > maxTerms) return bad('too-long', '');
    const after = term.rest.trimStart();
    if (after === '') return { ok: true, constraints: { groups: [group] } };
    if (!after.startsWith(',')) return bad('operator', after);
    rest = after.slice(1);
  }
}

type Term =
  | { readonly ok: true; readonly constraint: Constraint; readonly rest: string }
  | { readonly ok: false; readonly problem: ConditionProblem; readonly near: string };

function readTerm(text: string): Term {
  const name = nameForm.exec(text)?.[0];
  if (name === undefined) return { ok: false, problem: 'name', near: text };
  const selector = selectorOf(name);
  const found = operatorForm.exec(text.slice(name.length));
  if (!found) return { ok: false, problem: 'operator', near: text };
  const rest = text.slice(name.length + found[0].length);
  const [, operator, word] = found;
  if (operator === undefined) {
    const kind = word === 'exists' ? 'exists' : 'not-exists';
    return { ok: true, constraint: { selector, predicate: { kind } }, rest };
  }
  const value = readValue(rest);
  if (!value.ok) return { ok: false, problem: value.problem, near: text };
  return {
    ok: true,
    constraint: { selector, predicate: predicateOf(operator, value.text) },
    rest: value.rest,
  };
}

function predicateOf(operator: string, text: string): Constraint['predicate'] {
  switch (operator) {
    case '=':
      return { kind: 'text-equals', value: text };
    case '!=':
      return { kind: 'text-not-equals', value: text };
    case '~':
      return { kind: 'text-matches', regex: text };
    default:
      return { kind: 'text-not-matches', regex: text };
  }
}

type Value =
  | { readonly ok: true; readonly text: string; readonly rest: string }
  | { readonly ok: false; readonly problem: 'value' | 'quote' };

function readValue(text: string): Value {
  if (text.startsWith('"')) {
    const quoted = /^"((?:[^"\\]|\\["\\])*)"/.exec(text);
    if (!quoted) return { ok: false, problem: 'quote' };
    return {
      ok: true,
      text: (quoted[1] ?? '').replace(/\\(["\\])/g, '$1'),
      rest: text.slice(quoted[0].length),
    };
  }
  const plain = /^[^,"]*/.exec(text)?.[0] ?? '';
  if (plain.trim() === '') return { ok: false, problem: 'value' };
  return { ok: true, text: plain.trim(), rest: text.slice(plain.length) };
}

function selectorOf(name: string): Constraint['selector'] {
  if (name === 'host') return { kind: 'hostname' };
  const isFact =
    conditionFacts.some((fact) => fact === name) || factGroups.some((group) => name.startsWith(group));
  return { kind: 'attribute', name: isFact ? `${prefix}${name}` : name };
}
