// One measurement of `npm run bench -- allocator` in a process of its own: what is asked is the argument, the answer the last line.
import { type CycleTimes, measureCycle, type Shape } from './allocator-cycle.ts';
import { measurePlacements, type Placements } from './placements.ts';
import { measureRestart, type Restarted } from './restart.ts';
import { measureUpdates, type Updates } from './updates.ts';

export type Ask =
  | { readonly kind: 'cycle'; readonly shape: Shape; readonly times: number; readonly withFloor: boolean }
  | { readonly kind: 'placements' }
  | { readonly kind: 'updates' }
  | { readonly kind: 'restart' };
export type Answer = {
  readonly cycle: CycleTimes;
  readonly placements: Placements;
  readonly updates: Updates;
  readonly restart: Restarted;
};

function answer(ask: Ask & { readonly program: string }): Promise<Answer[Ask['kind']]> {
  switch (ask.kind) {
    case 'cycle':
      return Promise.resolve(measureCycle(ask.shape, ask.times, ask.withFloor));
    case 'placements':
      return Promise.resolve(measurePlacements());
    case 'updates':
      return measureUpdates(ask.program);
    case 'restart':
      return measureRestart(ask.program);
  }
}

void answer(JSON.parse(process.argv[2] ?? '')).then((value) => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
});
