// Planted bugs in what happens to machines that people take out of service: drains, pauses, gone, maintenance.
import type { Mutant } from './mutant.ts';

const core = 'electron/core/master';
const drain = `${core}/drain.ts`;
const maintenance = `${core}/maintenance.ts`;
const inverse = `${core}/frameworks/inverse-offers.ts`;

export const outageMutants: readonly Mutant[] = [
  {
    id: 'drain-ends-nothing',
    file: drain,
    find: '  for (const task of open) endTask(draft, task, availability.graceMs);\n',
    replace: '',
    why: 'takes a machine out of service and leaves its tasks alone',
  },
  {
    id: 'drain-grace-ignored',
    file: drain,
    find: 'const graceMs = capMs === null ? ownMs : Math.min(ownMs, capMs);',
    replace: 'const graceMs = ownMs;',
    why: 'gives tasks the time that they ask for, not that of the drain',
  },
  {
    id: 'drained-too-early',
    file: drain,
    find: "if (open.length > 0 || agent.state.kind !== 'active' || !hasSpoken) return;",
    replace: "if (agent.state.kind !== 'active' || !hasSpoken) return;",
    why: 'calls a machine empty as soon as its tasks were told to end',
  },
  {
    id: 'deactivated-offered',
    file: `${core}/frameworks/agent-words.ts`,
    find: "if (availability) return availability.kind === 'deactivated' ? 'deactivated' : 'draining';",
    replace: "if (availability && availability.kind !== 'deactivated') return 'draining';",
    why: 'offers what a person has paused',
  },
  {
    id: 'back-unheard',
    file: `${core}/frameworks/after-step.ts`,
    find: '    askForAllocation(draft, id);\n    if (!isAsOffered',
    replace: '    if (!isAsOffered',
    why: 'does not offer what a machine has that is back in service, until something else happens there',
  },
  {
    id: 'gone-comes-back',
    file: `${core}/link-events.ts`,
    find: "  if (known?.state.kind === 'gone') {",
    replace: '  if (false as boolean) {',
    why: 'takes an agent in again that was declared gone',
  },
  {
    id: 'gone-keeps-tasks',
    file: `${core}/agents.ts`,
    find: "    draft.put('tasks', applyMasterStatus(task, draft.atMs, lastWords[why]));\n    settleTask(draft, task.id);\n",
    replace: '',
    why: 'counts on the tasks of an agent that is gone',
  },
  {
    id: 'gone-after-maintenance',
    file: maintenance,
    find: 'beginDrain(draft, agent, { graceMs: null, markGone: false, cause });',
    replace: 'beginDrain(draft, agent, { graceMs: null, markGone: true, cause });',
    why: 'gives a machine up for good that is only maintained',
  },
  {
    id: 'maintenance-stays',
    file: maintenance,
    find: '  if (agent && isOurs) reactivate(draft, agent);\n',
    replace: '',
    why: 'does not bring a machine back when its maintenance is over',
  },
  {
    id: 'maintenance-takes-over',
    file: maintenance,
    find: "const cause = kind === 'active' ? 'maintenance' : 'person';",
    replace: "const cause = 'maintenance' as const;",
    why: 'brings back after a maintenance what a person had paused before it',
  },
  {
    id: 'maintenance-forgotten',
    file: `${core}/link-events.ts`,
    find: '  noteWindows(draft);\n',
    replace: '',
    why: 'does not know after a restart when the next maintenance begins',
  },
  {
    id: 'inverse-offer-forgotten',
    file: inverse,
    find: "  for (const { before, now } of draft.changed('tasks')) addMachine(ids, now ?? before);\n",
    replace: '',
    why: 'asks nobody to make room who came to the machine after its maintenance was planned',
  },
  {
    id: 'inverse-offer-stays',
    file: inverse,
    find: '    rescind(draft, row);\n',
    replace: "    draft.drop('inverseOffers', row.id);\n",
    why: 'does not say that a maintenance is off',
  },
];
