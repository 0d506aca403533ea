// Offer constraints (Mesos 1.11): a framework says by predicates over attributes which agents it wants to be offered.
import { ok, type Result, refuse } from '../../contract/errors.ts';
import { compileRegex } from './regex.ts';
import type { AgentInput, Constraint, OfferConstraints } from './types.ts';

const maxConstraints = 256;
const maxTextLength = 4096;

/** What a selector finds: a text, something that is no text, or nothing. */
type Found = { readonly text: string | null } | undefined;
type ConstraintTest = (agent: AgentInput) => boolean;

/** Ready to be asked. An answer is kept by the agent's number together with the version of the agent's facts. */
export type CompiledConstraints = {
  readonly input: OfferConstraints;
  readonly test: ConstraintTest;
  /** Twice the version, plus one when it holds; versions start at 1. */
  answers: Int32Array;
};

function find(agent: AgentInput, { selector }: Constraint): Found {
  switch (selector.kind) {
    case 'attribute':
      return agent.attributes.find(({ name }) => name === selector.name);
    case 'hostname':
      return { text: agent.hostname };
    case 'region':
      return agent.region === undefined ? undefined : { text: agent.region };
    case 'zone':
      return agent.zone === undefined ? undefined : { text: agent.zone };
  }
}

/** As in Mesos: what is no text matches every predicate but `not-exists`; the `not` kinds hold where there is nothing. */
function compileOne(constraint: Constraint): Result<ConstraintTest> {
  const { predicate } = constraint;
  const onText =
    (isNot: boolean, test: (text: string) => boolean): ConstraintTest =>
    (agent) => {
      const found = find(agent, constraint);
      if (found === undefined) return isNot;
      return found.text === null || test(found.text) !== isNot;
    };
  switch (predicate.kind) {
    case 'exists':
      return ok((agent) => find(agent, constraint) !== undefined);
    case 'not-exists':
      return ok((agent) => find(agent, constraint) === undefined);
    case 'text-equals':
    case 'text-not-equals':
      if (predicate.value.length > maxTextLength) return refuse('invalid', 'constraint-text', 'too long');
      return ok(onText(predicate.kind === 'text-not-equals', (text) => text === predicate.value));
    case 'text-matches':
    case 'text-not-matches': {
      const matcher = compileRegex(predicate.regex);
      return matcher.ok ? ok(onText(predicate.kind === 'text-not-matches', matcher.value)) : matcher;
    }
  }
}

export function compileConstraints(input: OfferConstraints): Result<CompiledConstraints> {
  const count = input.groups.reduce((sum, group) => sum + group.length, 0);
  if (count > maxConstraints || input.groups.length > maxConstraints) {
    return refuse('invalid', 'too-many-constraints', `${count} in ${input.groups.length} groups`);
  }
  const groups: ConstraintTest[][] = [];
  for (const group of input.groups) {
    const tests: ConstraintTest[] = [];
    for (const constraint of group) {
      const test = compileOne(constraint);
      if (!test.ok) return test;
      tests.push(test.value);
    }
    groups.push(tests);
  }
  return ok({
    input,
    test: (agent) => groups.some((tests) => tests.every((test) => test(agent))),
    answers: new Int32Array(0),
  });
}

export function holdsOn(
  compiled: CompiledConstraints,
  number: number,
  { input, version }: { readonly input: AgentInput; readonly version: number },
): boolean {
  if (number >= compiled.answers.length) {
    const wider = new Int32Array(Math.max(64, 2 * number));
    wider.set(compiled.answers);
    compiled.answers = wider;
  }
  let answer = compiled.answers[number]!;
  if (answer >> 1 !== version) {
    answer = 2 * version + (compiled.test(input) ? 1 : 0);
    compiled.answers[number] = answer;
  }
  return (answer & 1) === 1;
}
