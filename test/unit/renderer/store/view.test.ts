// @vitest-environment node
import { expect, it } from 'vitest';
import type { TaskId } from '../../../../electron/contract/ids.ts';
import { hashToRoute, type Route, routeToHash } from '../../../../renderer/store/view.ts';

const routes: readonly Route[] = [
  { page: 'rack' },
  { page: 'machines' },
  { page: 'settings' },
  { page: 'tasks', filter: '', state: 'all' },
  { page: 'tasks', filter: 'web & more?', state: 'failed' },
  { page: 'task', taskId: 't-00a1' as TaskId },
];

it.each(routes.map((route) => [routeToHash(route), route] as const))(
  '%s leads back to its page',
  (hash, route) => {
    expect(hashToRoute(hash)).toEqual(route);
  },
);

it.each(['', '#', '#/nowhere', '#/rack/extra', '#//'])('an unknown address %j is the rack', (hash) => {
  expect(hashToRoute(hash)).toEqual({ page: 'rack' });
});

it('an unknown state filter shows all', () => {
  expect(hashToRoute('#/tasks?state=sideways')).toEqual({ page: 'tasks', filter: '', state: 'all' });
});
