// A quick look at values that are almost always right: made from a zod schema once, and true only where the schema would take
// the value and give it back as it is. Whatever it does not know, or does not like, is for the schema to judge: that costs
// several times as much, and says what is wrong.
import type { z } from 'zod';

export type Look = (value: unknown) => boolean;
export type Predicate = (value: unknown) => unknown;

const no: Look = () => false;

/** What a schema was made from, for those who build on zod. The known kinds under one type, so that `type` tells them apart. */
export function defOf(schema: z.core.$ZodType): z.core.$ZodTypes['_zod']['def'] {
  const { _zod: inner } = schema as z.core.$ZodTypes;
  return inner.def;
}

type AnyCheckDef = z.core.$ZodChecks['_zod']['def'] | { readonly check: 'custom'; readonly fn?: Predicate };

export function checkDefOf(check: z.core.$ZodCheck): AnyCheckDef {
  const { _zod: inner } = check as unknown as z.core.$ZodChecks;
  return inner.def;
}

/** One for a schema that is used at many places: ids are, and what it has just found right it knows there too. */
const known = new WeakMap<z.core.$ZodType, Look>();

export function lookOf(schema: z.core.$ZodType): Look {
  const look = known.get(schema) ?? newLookOf(schema);
  known.set(schema, look);
  return look;
}

function newLookOf(schema: z.core.$ZodType): Look {
  const def = defOf(schema);
  const limits = limitsOf(def.checks);
  if (limits === null || 'format' in def) return no;
  const look = typeLook(def, limits);
  const { predicates } = limits;
  if (predicates.length === 0) return look;
  return (value) => look(value) && predicates.every((holds) => holds(value) === true);
}

function typeLook(def: z.core.$ZodTypes['_zod']['def'], limits: Limits): Look {
  switch (def.type) {
    case 'object':
      return def.catchall === undefined ? objectLook(def.shape) : no;
    case 'array':
      return arrayLook(lookOf(def.element), limits);
    case 'string':
      return stringLook(limits);
    case 'number':
      return numberLook(limits);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'literal':
      return isOneOf(def.values);
    case 'enum':
      return isOneOf(Object.values(def.entries));
    case 'nullable': {
      const inner = lookOf(def.innerType);
      return (value) => value === null || inner(value);
    }
    // What is there; that it may be missing is for the object around it.
    case 'optional':
    case 'default':
      return lookOf(def.innerType);
    case 'union':
      return unionLook(def);
    default:
      return no;
  }
}

/** What a schema says of the parts of a value, and of it as a whole, beyond those. */
export type Inside = {
  readonly partOf: (name: string) => z.core.$ZodType | null;
  readonly predicates: readonly Predicate[];
};

/** Of an object or list for which the look says yes; null: nothing is known. */
export function insideOf(schema: z.core.$ZodType, value: Readonly<Record<string, unknown>>): Inside | null {
  const def = defOf(schema);
  const limits = limitsOf(def.checks);
  if (limits === null) return null;
  const { predicates } = limits;
  switch (def.type) {
    case 'object':
      return { partOf: (name) => def.shape[name] ?? null, predicates };
    case 'array':
      return { partOf: () => def.element, predicates };
    case 'nullable':
    case 'optional':
    case 'default':
      return predicates.length === 0 ? insideOf(def.innerType, value) : null;
    case 'union': {
      const option = def.options.find((each) => lookOf(each)(value));
      return option && predicates.length === 0 ? insideOf(option, value) : null;
    }
    default:
      return null;
  }
}

/** What the checks of a schema come to. Those of lengths and patterns are of texts and lists, the others of numbers. */
type Limits = {
  least: number;
  most: number;
  isInteger: boolean;
  shortest: number;
  longest: number;
  readonly patterns: RegExp[];
  readonly predicates: Predicate[];
};

/** null: one of them is not known here. */
function limitsOf(checks: readonly z.core.$ZodCheck[] | undefined): Limits | null {
  const limits: Limits = {
    least: Number.NEGATIVE_INFINITY,
    most: Number.POSITIVE_INFINITY,
    isInteger: false,
    shortest: 0,
    longest: Number.POSITIVE_INFINITY,
    patterns: [],
    predicates: [],
  };
  return (checks ?? []).every((check) => addLimit(limits, checkDefOf(check))) ? limits : null;
}

function addLimit(limits: Limits, def: AnyCheckDef): boolean {
  switch (def.check) {
    case 'number_format':
      limits.isInteger = true;
      return def.format === 'safeint';
    case 'greater_than':
      limits.least = Math.max(limits.least, Number(def.value));
      return def.inclusive && typeof def.value === 'number';
    case 'less_than':
      limits.most = Math.min(limits.most, Number(def.value));
      return def.inclusive && typeof def.value === 'number';
    case 'min_length':
      limits.shortest = Math.max(limits.shortest, def.minimum);
      return true;
    case 'max_length':
      limits.longest = Math.min(limits.longest, def.maximum);
      return true;
    case 'length_equals':
      limits.shortest = Math.max(limits.shortest, def.length);
      limits.longest = Math.min(limits.longest, def.length);
      return true;
    case 'string_format': {
      const { format, pattern } = def;
      // One that remembers where it was does not answer twice the same.
      if (format !== 'regex' || pattern === undefined || pattern.global || pattern.sticky) return false;
      limits.patterns.push(pattern);
      return true;
    }
    case 'custom':
      if (!('fn' in def) || def.fn === undefined) return false;
      limits.predicates.push(def.fn);
      return true;
    default:
      return false;
  }
}

function stringLook({ shortest, longest, patterns }: Limits): Look {
  const [pattern, ...others] = patterns;
  if (others.length > 0) return no;
  if (!pattern)
    return (value) => typeof value === 'string' && value.length >= shortest && value.length <= longest;
  let right: unknown;
  return (value) => {
    if (typeof value !== 'string') return false;
    if (value === right) return true;
    if (value.length < shortest || value.length > longest || !pattern.test(value)) return false;
    right = value;
    return true;
  };
}

function numberLook({ least, most, isInteger }: Limits): Look {
  const isNumber = isInteger ? Number.isSafeInteger : Number.isFinite;
  return (value) => isNumber(value) && (value as number) >= least && (value as number) <= most;
}

function isOneOf(values: readonly unknown[]): Look {
  const allowed = new Set(values);
  return (value) => allowed.has(value);
}

function arrayLook(element: Look, { shortest, longest }: Limits): Look {
  return (value) => {
    if (!Array.isArray(value) || value.length < shortest || value.length > longest) return false;
    for (let at = 0; at < value.length; at += 1) if (!element(value[at])) return false;
    return true;
  };
}

type Field = {
  readonly name: string;
  readonly look: Look;
  readonly isNeeded: boolean;
  readonly place: number;
};

/** The schema drops keys it does not know and fills in defaults: both make another value. */
function objectLook(shape: z.core.$ZodLooseShape): Look {
  const fields = Object.entries(shape).map(([name, schema], place): Field => {
    const isNeeded = defOf(schema as z.core.$ZodType).type !== 'optional';
    return { name, look: lookOf(schema), isNeeded, place };
  });
  const byName = new Map(fields.map((field) => [field.name, field]));
  const needed = fields.filter((field) => field.isNeeded).length;
  // Rows have parts in common (maker.ts), which nobody changes.
  let right: unknown;
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    if (value === right) return true;
    let found = 0;
    let place = 0;
    // Of JSON: every key is its own. Mostly they come in the order of the schema.
    for (const name in value) {
      let field = fields[place];
      if (field === undefined || field.name !== name) field = byName.get(name);
      if (field === undefined || !field.look((value as Record<string, unknown>)[name])) return false;
      if (field.isNeeded) found += 1;
      place = field.place + 1;
    }
    if (found !== needed) return false;
    right = value;
    return true;
  };
}

type UnionDef = z.core.$ZodUnionDef & { readonly discriminator?: string };

/** Told apart by one literal; of any other union nothing is known. */
function unionLook({ options, discriminator }: UnionDef): Look {
  if (discriminator === undefined) return no;
  const looks = new Map<unknown, Look>();
  for (const option of options) {
    const def = defOf(option);
    const mark = def.type === 'object' ? defOf(def.shape[discriminator] as z.core.$ZodType) : null;
    if (mark?.type !== 'literal') return no;
    const look = lookOf(option);
    for (const value of mark.values) looks.set(value, look);
  }
  return (value) => {
    if (typeof value !== 'object' || value === null) return false;
    return looks.get((value as Record<string, unknown>)[discriminator])?.(value) ?? false;
  };
}
