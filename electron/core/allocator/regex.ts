// Regular expressions for offer constraints: RE2, as in Mesos, by its port to JavaScript. Its time grows with the length of the
// text whatever the pattern, and it counts the instructions of a program as RE2 does, so Mesos' cap is the same cap here. The
// whole text must match. The only package that the core knows: it is pure, and writing RE2 again is no work of ours.
import { RE2JS, RE2JSException } from 're2js';
import { ok, type Result, refuse } from '../../contract/errors.ts';

/** Before it is read: repeats inside of it are written out first. */
const maxPattern = 1024;
/** Mesos' default, `offer_constraints_re2_max_program_size`. */
const maxProgram = 100;

export type Matcher = (text: string) => boolean;

export function compileRegex(pattern: string): Result<Matcher> {
  const refused = (detail: string) => refuse('invalid', 'constraint-regex', detail);
  if (pattern.length > maxPattern) return refused(`longer than ${maxPattern} characters`);
  try {
    const program = RE2JS.compile(pattern);
    if (program.programSize() > maxProgram) return refused(`more than ${maxProgram} instructions`);
    return ok((text) => program.matches(text));
  } catch (error) {
    if (error instanceof RE2JSException) return refused(error.message);
    throw error;
  }
}
