/** A planted bug: one piece of one source file is another. `why`: what somebody would have to get wrong to write this. */
export type Mutant = {
  readonly id: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Must be there exactly once, or the mutant is out of date. */
  readonly find: string;
  readonly replace: string;
  readonly why: string;
};
