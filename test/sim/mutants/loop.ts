// Planted bugs in the loop and its store, and in lanes: what is written when, and what is left behind.
import type { Mutant } from './mutant.ts';

const core = 'electron/core/master';
const loop = 'electron/shell/loop.ts';
const commits = 'electron/shell/loop-commits.ts';

export const loopMutants: readonly Mutant[] = [
  {
    id: 'effects-before-commit',
    file: loop,
    find: 'this.#commits.send(changing, (failure) => this.#onCommitted(failure));',
    replace:
      'for (const { result } of this.#flight) for (const effect of result.effects) this.#run(effect);\n    this.#commits.send(changing, (failure) => this.#onCommitted(failure));',
    why: 'sends before it has written',
  },
  {
    id: 'answer-before-commit',
    file: loop,
    find: 'this.#ahead.push(stepped);',
    replace: 'this.#ahead.push(stepped);\n      item.answer?.(stepped.result.answer ?? ok(null));',
    why: 'says yes to a person before it is written',
  },
  {
    id: 'failed-write-taken',
    file: commits,
    find: 'if (outcome.ok && outcome.value === lastSeq) this.#taken(lastSeq, done);',
    replace: 'if (outcome.ok) this.#taken(lastSeq, done);',
    why: 'takes a write that failed for done',
  },
  {
    id: 'unheard-write-stays',
    file: commits,
    find: 'if (!read.ok || read.value === this.#durableSeq) return done(read);',
    replace: 'if (read.ok) return done(read);',
    why: 'leaves a commit on the disk that nobody has heard of',
  },
  {
    id: 'numbers-twice',
    file: loop,
    find: 'this.#seq = Math.max(this.#seq, storeSeq);',
    replace: '',
    why: 'uses numbers again that an unheard commit has used up',
  },
  {
    id: 'held-is-lost',
    file: loop,
    find: 'this.#inbox.unshift(...this.#held);',
    replace: '',
    why: 'loses what came in while the disk was full',
  },
  {
    id: 'ahead-is-lost',
    file: loop,
    find: 'this.#inbox.unshift(...[...batch, ...this.#ahead].map((each) => each.item));',
    replace: 'this.#inbox.unshift(...batch.map((each) => each.item));',
    why: 'loses what was stepped on top of a commit that failed',
  },
  {
    id: 'ahead-stays',
    file: loop,
    find: 'this.#ahead = [];\n      this.#goReadOnly(failure);',
    replace: 'this.#goReadOnly(failure);',
    why: 'keeps steps whose ground has gone',
  },
  {
    id: 'slow-commit-counts',
    file: loop,
    find: 'if (tookMs >= slowCommitMs) this.#noteSlowCommit(Math.round(tookMs));',
    replace: '',
    why: 'counts the time of a slow disk as silence of the machines',
  },
  {
    id: 'removal-not-kept',
    file: `${core}/removal.ts`,
    find: "if (!isSame(machine, asked)) draft.put('machines', asked);",
    replace: '',
    why: 'begins to take a machine away without writing down that it was asked for',
  },
  {
    id: 'removal-not-resumed',
    file: `${core}/link-events.ts`,
    find: 'if (machine.removal) {\n      openLink(draft, machine.id);\n      resumeRemoval(draft, machine);\n    } else openAndConnect(draft, machine);',
    replace: 'openAndConnect(draft, machine);',
    why: 'a removal does not go on after a restart',
  },
  {
    id: 'removal-unasked',
    file: `${core}/removal.ts`,
    find: 'const kept = { ...machine, removal: null };',
    replace: 'const kept = machine;',
    why: 'a removal that failed is begun again by itself at the next start',
  },
  {
    id: 'lane-leaves-its-agent',
    file: `${core}/enrolment.ts`,
    find: "  draft.issue({ kind: 'clean-up-lane', context: contextOf(draft, machineId), keepsSecrets });\n",
    replace: '',
    why: 'a lane that failed leaves behind what it put there',
  },
  {
    id: 'same-place-twice',
    file: `${core}/lane-commands.ts`,
    find: 'return refusePlace(draft, event, event.machineId);',
    replace: 'return null;',
    why: 'adds a machine that is there already',
  },
  {
    id: 'machine-without-its-tasks',
    file: `${core}/machines.ts`,
    find: "    draft.drop('progress', task.id);\n    draft.drop('tasks', task.id);\n  }\n  for (const agent",
    replace: '  }\n  for (const agent',
    why: 'drops a machine and keeps its tasks',
  },
  {
    id: 'refused-but-done',
    file: `${core}/tasks.ts`,
    find: 'if (refusal) return refusal;\n',
    replace:
      "if (refusal) {\n    draft.put('tasks', stagingRecord(draft, place, info));\n    return refusal;\n  }\n",
    why: 'refuses a task and keeps it all the same',
  },
];
