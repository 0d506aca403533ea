// Every planted bug. One that is caught by nothing is a hole in the oracles: close the hole. One that changes nothing that
// anybody could see is no mutant: replace it.
import { agentMutants } from './agents.ts';
import { loopMutants } from './loop.ts';
import type { Mutant } from './mutant.ts';
import { outageMutants } from './outages.ts';
import { roleMutants } from './roles.ts';
import { schedulerMutants } from './schedulers.ts';
import { taskMutants } from './tasks.ts';

export const mutants: readonly Mutant[] = [
  ...taskMutants,
  ...agentMutants,
  ...loopMutants,
  ...schedulerMutants,
  ...outageMutants,
  ...roleMutants,
];
