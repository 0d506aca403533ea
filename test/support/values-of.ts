// Values that a zod schema takes, odd ones among them: made from the schema itself, so that what is added to a record is tried
// without a word here.
import fc from 'fast-check';
import type { z } from 'zod';
import { checkDefOf, defOf } from '../../electron/adapters/store/shape.ts';

const oddTexts = [
  '',
  ' ',
  '\u0000',
  '"\\',
  '\n',
  '\u2028',
  '\ud800',
  '漢字',
  '😀',
  '__proto__',
  '\u202e',
  ']',
  '},{',
];

type Limits = { least: number; most: number; shortest: number; longest: number; pattern: RegExp | null };

function limitsOf(checks: readonly z.core.$ZodCheck[] | undefined): Limits {
  const limits: Limits = { least: -1e9, most: 1e12, shortest: 0, longest: 5, pattern: null };
  for (const check of checks ?? []) {
    const def = checkDefOf(check);
    if (def.check === 'greater_than') limits.least = Number(def.value);
    if (def.check === 'less_than') limits.most = Number(def.value);
    if (def.check === 'min_length') limits.shortest = def.minimum;
    if (def.check === 'max_length') limits.longest = def.maximum;
    if (def.check === 'length_equals') [limits.shortest, limits.longest] = [def.length, def.length];
    if (def.check === 'string_format' && def.format === 'regex') limits.pattern = def.pattern ?? null;
  }
  return limits;
}

/** One of them fits each pattern of the contract. */
const fitting = ['a'.repeat(64), 'https://a.example/b', '/a', 'a/b', 'a'];

function texts({ shortest, longest, pattern }: Limits): fc.Arbitrary<string> {
  const known = /^\^([a-z]+-)\[0-9a-zA-Z_-\]/.exec(pattern?.source ?? '');
  if (known) return fc.stringMatching(/^[0-9a-zA-Z_-]{1,60}$/).map((name) => `${known[1]}${name}`);
  if (pattern !== null) {
    const good = [...oddTexts, ...fitting].filter((text) => pattern.test(text) && text.length >= shortest);
    if (good.length === 0) throw new Error(`no text for ${pattern.source} is known here`);
    return fc.constantFrom(...good);
  }
  const odd = oddTexts.map((text) => text.padEnd(shortest, 'x').slice(0, longest));
  const maxLength = Math.min(longest, 20);
  return fc.oneof(fc.constantFrom(...odd), fc.string({ minLength: shortest, maxLength, unit: 'binary' }));
}

/** `depth` ends lists within lists. */
export function valuesOf(schema: z.core.$ZodType, depth = 0): fc.Arbitrary<unknown> {
  const def = defOf(schema);
  const limits = limitsOf(def.checks);
  switch (def.type) {
    case 'object':
      return objects(def.shape, depth);
    case 'array': {
      const maxLength = Math.max(limits.shortest, Math.min(limits.longest, depth > 2 ? 1 : 3));
      return fc.array(valuesOf(def.element, depth + 1), { minLength: limits.shortest, maxLength });
    }
    case 'record': {
      const keys = valuesOf(def.keyType, depth) as fc.Arbitrary<string>;
      const values = valuesOf(def.valueType, depth + 1);
      // A key of that name is dropped by the schema.
      return fc.dictionary(
        keys.map((key) => `${key}.`.slice(-255)),
        values,
        { maxKeys: 2 },
      );
    }
    case 'string':
      return texts(limits);
    case 'number':
      return numbers(limits);
    case 'boolean':
      return fc.boolean();
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'nullable':
      return fc.option(valuesOf(def.innerType, depth), { nil: null });
    case 'optional':
    case 'default':
      return valuesOf(def.innerType, depth);
    case 'union':
      return fc.oneof(...def.options.map((option) => valuesOf(option, depth)));
    default:
      throw new Error(`no values of ${def.type} are made yet`);
  }
}

function numbers({ least, most }: Limits): fc.Arbitrary<number> {
  const [min, max] = [Math.ceil(least), Math.min(Math.floor(most), Number.MAX_SAFE_INTEGER)];
  return fc.oneof(
    fc.constantFrom(min, max),
    fc.integer({ min: Math.max(min, -(2 ** 31)), max: Math.min(max, 2 ** 31 - 1) }),
  );
}

function objects(shape: z.core.$ZodLooseShape, depth: number): fc.Arbitrary<unknown> {
  const fields = Object.entries(shape).map(([name, schema]) => [name, valuesOf(schema, depth)] as const);
  const isOptional = (name: string): boolean => defOf(shape[name] as z.core.$ZodType).type === 'optional';
  const requiredKeys = Object.keys(shape).filter((name) => !isOptional(name));
  return fc.record(Object.fromEntries(fields), { requiredKeys, noNullPrototype: true });
}
