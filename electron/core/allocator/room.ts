// Room for what a run, or a question, notes on its way: marks, lists and vectors. An index keeps it from one run to the next
// and clears it: to make these arrays anew was 5 of the 8 us of a cycle over one agent.
import type { Index, Room } from './shapes.ts';

const marksEach = 5;

function newRoom({ tree, agents, filters, width }: Index): Room {
  const nodes = tree.parent.length;
  const cleared = new Int32Array(marksEach * nodes + agents.isOpen.length);
  const marks = (place: number): Int32Array => cleared.subarray(place * nodes, (place + 1) * nodes);
  const vector = (): Float64Array => new Float64Array(width);
  return {
    cleared,
    filterMark: marks(0),
    filterHead: new Int32Array(nodes),
    filterNext: new Int32Array(filters.agent.length),
    draftMark: marks(1),
    draftAt: new Int32Array(nodes),
    demandMark: marks(2),
    demandAt: new Int32Array(nodes),
    servedMark: marks(3),
    cursorMark: marks(4),
    cursor: new Int32Array(nodes),
    lastDraft: cleared.subarray(marksEach * nodes),
    isLeftAt: new Uint8Array(agents.isOpen.length),
    reservedFree: vector(),
    reservedUse: vector(),
    need: vector(),
    usable: vector(),
    reservedPart: vector(),
    sum: vector(),
    given: new Float64Array(0),
    copies: [],
    leastNeed: vector(),
    zeros: vector(),
  };
}

/** The room of the index, as great as its tables are by now. One run, or question, has it at a time. */
export function roomOf(index: Index): Room {
  const { tree, agents, filters, room } = index;
  const isGreat =
    room !== null &&
    room.cursor.length === tree.parent.length &&
    room.isLeftAt.length === agents.isOpen.length &&
    room.filterNext.length === filters.agent.length;
  if (isGreat) room.cleared.fill(0);
  else index.room = newRoom(index);
  return index.room!;
}
