// Property tests take the same cases in every run, so that a red run comes from the change and not from the dice. New cases
// are looked for on purpose: MESOLITE_PROPERTY_SEED=random, or a number that a failure printed.
import fc from 'fast-check';

const fixed = 20_261_122;
const asked = process.env['MESOLITE_PROPERTY_SEED'];

if (asked !== 'random') fc.configureGlobal({ seed: asked === undefined ? fixed : Number(asked) });
