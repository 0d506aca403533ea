// Puts all planted bugs of a source file into it, each behind a switch that is read when the function runs (mutant schemata:
// Untch, Offutt, Harrold, ISSTA 1993). So one bundle holds them all, and a thread that is warm hunts one after the other. The
// innermost function around the changed piece gets its body once more; what stands in no function has no switch.
import { parseSync } from '@swc/core';
import type { Mutant } from './mutants/mutant.ts';

/** Name of the global that says which bug is on; none: the code as it is. */
const switchName = 'plantedBug';

type Span = { readonly start: number; readonly end: number };
type Body = Span & { readonly isBlock: boolean };
type Site = Body & { readonly bugs: readonly { readonly id: string; readonly body: string }[] };

/** Throws when the place is not there exactly once: a mutant that is out of date is an error, never a pass. */
export function mutated(source: string, { id, file, find, replace }: Mutant): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`mutant ${id} is out of date: found ${places} times in ${file}`);
  return source.replace(find, () => replace);
}

/** `left`: those that stand in no function. */
export function plantAll(
  source: string,
  mutants: readonly Mutant[],
): { readonly source: string; readonly left: readonly Mutant[] } {
  const bodies = bodiesOf(source);
  const sites = new Map<Body, { id: string; body: string }[]>();
  const left: Mutant[] = [];
  for (const mutant of mutants) {
    const whole = mutated(source, mutant);
    const change = changeOf(source, whole);
    const body = innermost(bodies, change);
    if (!body) {
      left.push(mutant);
      continue;
    }
    const text = whole.slice(body.start, body.end + whole.length - source.length);
    const bugs = sites.get(body) ?? [];
    bugs.push({ id: mutant.id, body: text });
    sites.set(body, bugs);
  }
  const all = [...sites].map(([body, bugs]): Site => ({ ...body, bugs }));
  return { source: written(source, { start: 0, end: source.length }, all), left };
}

/** Where the two differ, in the first of them. */
function changeOf(source: string, other: string): Span {
  const most = Math.min(source.length, other.length);
  let start = 0;
  while (start < most && source[start] === other[start]) start += 1;
  let same = 0;
  while (same < most - start && source.at(-1 - same) === other.at(-1 - same)) same += 1;
  return { start, end: source.length - same };
}

function innermost(bodies: readonly Body[], { start, end }: Span): Body | null {
  let found: Body | null = null;
  for (const body of bodies) {
    const rim = body.isBlock ? 1 : 0;
    const isAround = body.start + rim <= start && end <= body.end - rim;
    if (isAround && (!found || body.start >= found.start)) found = body;
  }
  return found;
}

/** The bodies of all functions. The parser counts bytes, from one on. */
function bodiesOf(source: string): Body[] {
  const bytes = Buffer.from(source);
  const at = (offset: number): number => bytes.subarray(0, offset - 1).toString().length;
  const bodies: Body[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      const span = key === 'body' ? spanOf(value) : null;
      if (span && isFunction(node)) {
        const body = { start: at(span.start), end: at(span.end) };
        bodies.push({ ...body, isBlock: source[body.start] === '{' });
      }
      visit(value);
    }
  };
  visit(parseSync(source, { syntax: 'typescript' }).body);
  return bodies;
}

/** Classes and modules have bodies as well. */
function isFunction(node: object): boolean {
  const type = 'type' in node ? String(node.type) : '';
  const isOwn = /Function|Method|Getter|Setter|Constructor/.test(type);
  // The function of a method has no type of its own.
  return isOwn || (type === '' && 'params' in node);
}

function spanOf(value: unknown): Span | null {
  if (typeof value !== 'object' || value === null || !('span' in value)) return null;
  return value.span as Span;
}

/** That part of the source with the switches of the sites within it. */
function written(source: string, { start, end }: Span, sites: readonly Site[]): string {
  const within = sites.filter((site) => site.start >= start && site.end <= end);
  const isInner = (site: Site): boolean =>
    within.some((other) => other !== site && other.start <= site.start && site.end <= other.end);
  let text = '';
  let at = start;
  for (const site of within.filter((each) => !isInner(each)).sort((a, b) => a.start - b.start)) {
    text += source.slice(at, site.start) + switched(source, site, sites);
    at = site.end;
  }
  return text + source.slice(at, end);
}

function switched(source: string, site: Site, sites: readonly Site[]): string {
  const isOn = (id: string): string => `globalThis.${switchName} === ${JSON.stringify(id)}`;
  const inner = sites.filter((other) => other !== site);
  if (!site.isBlock) {
    const own = `(${written(source, site, inner)})`;
    return `(${site.bugs.map(({ id, body }) => `${isOn(id)} ? (${body}) : `).join('')}${own})`;
  }
  const own = written(source, { start: site.start + 1, end: site.end }, inner);
  return `{ ${site.bugs.map(({ id, body }) => `if (${isOn(id)}) { ${body} return; }`).join(' ')} ${own}`;
}
