// Planted bugs in what schedulers are offered, told and owed, and in what happens to those who wait.
import type { Mutant } from './mutant.ts';

const core = 'electron/core/master';
const api = `${core}/frameworks`;

export const schedulerMutants: readonly Mutant[] = [
  {
    id: 'acknowledged-still-owed',
    file: `${api}/updates.ts`,
    find: '  putOwed(draft, task, owed.slice(1));\n',
    replace: '',
    why: 'forgets an acknowledgement: the update is told again and again',
  },
  {
    id: 'owed-not-again',
    file: `${api}/subscriptions.ts`,
    find: '  resendAll(draft, frameworkId);\n',
    replace: '',
    why: 'what a scheduler missed while it was away is not told when it is back',
  },
  {
    id: 'taken-back-unsaid',
    file: `${api}/offers.ts`,
    find: "  tell(draft, offer.frameworkId, { kind: 'RESCIND', offerId: offer.id });\n",
    replace: '',
    why: 'takes an offer back without a word',
  },
  {
    id: 'offer-for-ever',
    file: `${api}/offers.ts`,
    find: 'if (!isDue(offer.expiresAtMonoMs, draft.monoMs)) {',
    replace: 'if (true as boolean) {',
    why: 'a scheduler that never answers keeps what it was offered',
  },
  {
    id: 'offer-takes-nothing',
    file: `${api}/index-sync.ts`,
    find: 'parts: partsFor(agentId, resources) };',
    replace: 'parts: partsFor(agentId, []) };',
    why: 'offers to one what already lies in an offer to another',
  },
  {
    id: 'refused-for-ever',
    file: `${api}/subscriptions.ts`,
    find: '  clearFilters(draft, framework.id, roles);\n',
    replace: '',
    why: 'REVIVE does not end what was refused before',
  },
  {
    id: 'failover-in-sleep',
    file: `${api}/subscriptions.ts`,
    find: 'failoverAtMonoMs: failoverAtMonoMs + asleepMs',
    replace: 'failoverAtMonoMs',
    why: 'ends frameworks whose schedulers could not come back because this computer slept',
  },
  {
    id: 'ended-runs-on',
    file: `${api}/subscriptions.ts`,
    find: '    if (!isTerminal(task)) killTask(draft, task);\n',
    replace: '',
    why: 'the tasks of a framework that ended run on',
  },
  {
    id: 'limit-forgotten',
    file: `${api}/index-sync.ts`,
    find: 'must(this.#allocator.setQuota(role, limits, true));',
    replace: 'must(this.#allocator.setQuota(role, limits && { ...limits, limit: {} }, true));',
    why: 'gives a role more than its limit',
  },
  {
    id: 'reconciles-from-memory',
    file: `${api}/reconciling.ts`,
    find: 'const state = stateHeard(draft, frameworkId, task);',
    replace: 'const state = task.statuses[0]?.state ?? stateHeard(draft, frameworkId, task);',
    why: 'answers what was once known of a task, not what is',
  },
  {
    id: 'anybody-kills',
    file: `${api}/updates.ts`,
    find: 'if (!task || frameworkOf(task) !== call.frameworkId) {\n    reconcileOne',
    replace: 'if (!task) {\n    reconcileOne',
    why: 'lets a scheduler kill the tasks of another',
  },
  {
    id: 'anybody-accepts',
    file: `${api}/accept.ts`,
    find: "    if (offer.frameworkId !== frameworkId) return no('unauthorized', 'offer-foreign', id);\n",
    replace: '',
    why: 'lets a scheduler use what was offered to another',
  },
  {
    id: 'group-goes-on',
    file: `${api}/after-step.ts`,
    find: 'if (before?.state !== now.state) endGroup(draft, now);',
    replace: '',
    why: 'the others of a group go on when one of them failed',
  },
  {
    id: 'reserved-on-nothing',
    file: `${core}/agents.ts`,
    find: "if (row.agentId === agentId) draft.drop('reservations', row.id);",
    replace: '',
    why: 'keeps what was reserved on an agent that is gone for good',
  },
  {
    id: 'waits-unheard',
    file: `${core}/link-events.ts`,
    find: '  resumeRuns(draft);\n',
    replace: '',
    why: 'what waited for a machine before a restart is never asked for again',
  },
];
