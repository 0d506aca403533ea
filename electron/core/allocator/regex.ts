// Regular expressions for offer constraints that cannot be made slow: a Thompson automaton walked with a set of states, so
// the time is (length of the text) x (size of the program), whatever the pattern. Mesos uses RE2 for the same reason, with a
// program of at most 100 instructions; so do we. The whole text must match. After Cox, "Regular Expression Matching: the
// Virtual Machine Approach" (swtch.com/~rsc/regexp/regexp2.html).
// The language: literals, `.`, classes `[a-z]` `[^...]`, `\d \w \s \D \W \S`, `\` before a sign, groups `( )` and `(?: )`,
// `|`, `* + ?` and `{n} {n,} {n,m}`. `^` and `$` are allowed at the ends, where they mean nothing. No back references, no
// look-around, no lazy repeats (they would not change whether the whole text matches).
import { ok, type Result, refuse } from '../../contract/errors.ts';

const maxPattern = 1024;
const maxProgram = 100;
/** Repeats are written out, so a big count is a big program. */
const maxRepeat = 100;

type CharTest = (code: number) => boolean;
type Tree =
  | { readonly kind: 'empty' }
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'both' | 'either'; readonly left: Tree; readonly right: Tree }
  | { readonly kind: 'repeat'; readonly body: Tree; readonly least: number; readonly most: number };

/** A `char` step reads one code point; `split` goes on at both places; the last instruction is `match`. */
type Instruction =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'split'; readonly to: number; readonly other: number }
  | { readonly kind: 'jump'; readonly to: number }
  | { readonly kind: 'match' };

export type Matcher = (text: string) => boolean;

/** Thrown and caught in this file only: a recursive parser without results in every line. */
class PatternError extends Error {}

const isDigit: CharTest = (code) => code >= 48 && code <= 57;
const isWord: CharTest = (code) =>
  isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const isSpace: CharTest = (code) => code === 32 || (code >= 9 && code <= 13);
const named: Readonly<Record<string, CharTest>> = {
  d: isDigit,
  w: isWord,
  s: isSpace,
  D: (code) => !isDigit(code),
  W: (code) => !isWord(code),
  S: (code) => !isSpace(code),
};
const control: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' };

class Parser {
  readonly #signs: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#signs = [...pattern];
  }

  parse(): Tree {
    if (this.#peek() === '^') this.#at += 1;
    const tree = this.#either();
    if (this.#at < this.#signs.length) throw new PatternError(`unexpected ${this.#peek()}`);
    return tree;
  }

  #peek(): string | undefined {
    return this.#signs[this.#at];
  }

  #take(sign: string): boolean {
    if (this.#peek() !== sign) return false;
    this.#at += 1;
    return true;
  }

  #either(): Tree {
    this.#depth += 1;
    if (this.#depth > 50) throw new PatternError('groups are nested too deep');
    let left = this.#sequence();
    while (this.#take('|')) left = { kind: 'either', left, right: this.#sequence() };
    this.#depth -= 1;
    return left;
  }

  #sequence(): Tree {
    let left: Tree = { kind: 'empty' };
    for (;;) {
      const sign = this.#peek();
      if (sign === undefined || sign === '|' || sign === ')') return left;
      if (sign === '$' && this.#at === this.#signs.length - 1) {
        this.#at += 1;
        return left;
      }
      left = { kind: 'both', left, right: this.#repeated() };
    }
  }

  #repeated(): Tree {
    const body = this.#atom();
    const sign = this.#peek();
    let tree = body;
    if (sign === '*' || sign === '+' || sign === '?') {
      this.#at += 1;
      tree = { kind: 'repeat', body, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity };
    } else if (sign === '{') tree = { kind: 'repeat', body, ...this.#counts() };
    if (['*', '+', '?', '{'].includes(this.#peek() ?? '')) throw new PatternError('a repeat of a repeat');
    return tree;
  }

  #counts(): { readonly least: number; readonly most: number } {
    const end = this.#signs.indexOf('}', this.#at);
    const words = /^(\d{1,3})(?:(,)(\d{0,3}))?$/.exec(this.#signs.slice(this.#at + 1, end).join(''));
    if (end < 0 || words === null) throw new PatternError('a count is {n}, {n,} or {n,m}');
    this.#at = end + 1;
    const least = Number(words[1]);
    const open = words[2] === undefined ? least : Infinity;
    const most = words[3] === undefined || words[3] === '' ? open : Number(words[3]);
    if (least > maxRepeat || (most !== Infinity && (most > maxRepeat || most < least))) {
      throw new PatternError(`counts go up to ${maxRepeat} and do not go down`);
    }
    return { least, most };
  }

  #atom(): Tree {
    const sign = this.#signs[this.#at];
    this.#at += 1;
    if (sign === undefined) throw new PatternError('it ends too early');
    if (sign === '(') {
      if (this.#take('?') && !this.#take(':')) throw new PatternError('only (?: ) groups have a ?');
      const tree = this.#either();
      if (!this.#take(')')) throw new PatternError('a group is not closed');
      return tree;
    }
    if (sign === '[') return { kind: 'char', test: this.#charClass() };
    if (sign === '.') return { kind: 'char', test: (code) => code !== 10 };
    if (sign === '\\') return { kind: 'char', test: this.#escaped() };
    if ('*+?{}^$'.includes(sign)) throw new PatternError(`unexpected ${sign}`);
    const only = sign.codePointAt(0);
    return { kind: 'char', test: (code) => code === only };
  }

  #escaped(): CharTest {
    const sign = this.#signs[this.#at];
    this.#at += 1;
    if (sign === undefined) throw new PatternError('it ends with \\');
    const test = Object.hasOwn(named, sign) ? named[sign] : undefined;
    if (test !== undefined) return test;
    const only = this.#literal(sign);
    return (code) => code === only;
  }

  /** A sign after `\` that stands for itself or for a control character. */
  #literal(sign: string): number {
    const shown = Object.hasOwn(control, sign) ? control[sign] : undefined;
    if (shown === undefined && /[0-9A-Za-z]/.test(sign)) throw new PatternError(`no such escape: \\${sign}`);
    return (shown ?? sign).codePointAt(0) ?? 0;
  }

  #charClass(): CharTest {
    const isNegated = this.#take('^');
    const tests: CharTest[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      const sign = this.#signs[this.#at];
      this.#at += 1;
      if (sign === undefined) throw new PatternError('a class is not closed');
      const escape = sign === '\\' ? this.#signs[this.#at] : undefined;
      if (escape !== undefined && Object.hasOwn(named, escape)) {
        tests.push(this.#escaped());
        continue;
      }
      const low = this.#member(sign);
      let high = low;
      if (this.#peek() === '-' && this.#signs[this.#at + 1] !== ']') {
        this.#at += 1;
        const last = this.#signs[this.#at];
        this.#at += 1;
        if (last === undefined) throw new PatternError('a class is not closed');
        high = this.#member(last);
      }
      if (high < low) throw new PatternError('a range goes down');
      tests.push((code) => code >= low && code <= high);
    }
    this.#at += 1;
    return (code) => tests.some((test) => test(code)) !== isNegated;
  }

  #member(sign: string): number {
    if (sign !== '\\') return sign.codePointAt(0) ?? 0;
    const escape = this.#signs[this.#at];
    this.#at += 1;
    if (escape === undefined) throw new PatternError('a class is not closed');
    return this.#literal(escape);
  }
}

function emit(program: Instruction[], tree: Tree): void {
  if (program.length > maxProgram) throw new PatternError(`more than ${maxProgram} instructions`);
  switch (tree.kind) {
    case 'empty':
      return;
    case 'char':
      program.push(tree);
      return;
    case 'both':
      emit(program, tree.left);
      emit(program, tree.right);
      return;
    case 'either': {
      const split = program.push({ kind: 'match' }) - 1;
      emit(program, tree.left);
      const jump = program.push({ kind: 'match' }) - 1;
      program[split] = { kind: 'split', to: split + 1, other: program.length };
      emit(program, tree.right);
      program[jump] = { kind: 'jump', to: program.length };
      return;
    }
    case 'repeat':
      emitRepeat(program, tree);
  }
}

function emitRepeat(program: Instruction[], tree: Extract<Tree, { kind: 'repeat' }>): void {
  for (let n = 0; n < tree.least; n += 1) emit(program, tree.body);
  if (tree.most === Infinity) {
    const split = program.push({ kind: 'match' }) - 1;
    emit(program, tree.body);
    program.push({ kind: 'jump', to: split });
    program[split] = { kind: 'split', to: split + 1, other: program.length };
    return;
  }
  const splits: number[] = [];
  for (let n = tree.least; n < tree.most; n += 1) {
    splits.push(program.push({ kind: 'match' }) - 1);
    emit(program, tree.body);
  }
  for (const split of splits) program[split] = { kind: 'split', to: split + 1, other: program.length };
}

function matches(program: readonly Instruction[], text: string): boolean {
  /** Of each instruction, the step at which it was last entered: each is entered once a step. */
  const entered = new Int32Array(program.length).fill(-1);
  let now: number[] = [];
  let next: number[] = [];
  const enter = (list: number[], first: number, step: number): void => {
    const open = [first];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const instruction = program[at];
      if (instruction === undefined || entered[at] === step) continue;
      entered[at] = step;
      if (instruction.kind === 'jump') open.push(instruction.to);
      else if (instruction.kind === 'split') open.push(instruction.other, instruction.to);
      else list.push(at);
    }
  };
  enter(now, 0, 0);
  let step = 0;
  for (const sign of text) {
    step += 1;
    const code = sign.codePointAt(0) ?? 0;
    next = [];
    for (const at of now) {
      const instruction = program[at];
      if (instruction?.kind === 'char' && instruction.test(code)) enter(next, at + 1, step);
    }
    now = next;
    if (now.length === 0) return false;
  }
  return now.some((at) => program[at]?.kind === 'match');
}

export function compileRegex(pattern: string): Result<Matcher> {
  const refused = (detail: string) => refuse('invalid', 'constraint-regex', detail);
  if (pattern.length > maxPattern) return refused(`longer than ${maxPattern} characters`);
  try {
    const program: Instruction[] = [];
    emit(program, new Parser(pattern).parse());
    program.push({ kind: 'match' });
    if (program.length > maxProgram) return refused(`more than ${maxProgram} instructions`);
    return ok((text) => matches(program, text));
  } catch (error) {
    if (error instanceof PatternError) return refused(error.message);
    throw error;
  }
}
