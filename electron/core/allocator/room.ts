// Room for what a run, or a question, notes on its way: marks, lists and vectors. An index keeps it from one run to the next
// and clears it: to make these arrays anew was 5 of the 8 us of a cycle over one agent.
import type { Index } from './shapes.ts';

export type Room = {
  /** All that has to be zero at the beginning of a run, in one piece: the marks and `lastDraft`. */
  readonly cleared: Int32Array;
  /** By client's node: its first live filter on the agent in the scene, valid when the mark is of this look; and by filter the next. */
  readonly filterMark: Int32Array;
  readonly filterHead: Int32Array;
  readonly filterNext: Int32Array;
  /** By client's node: the place of its draft on the agent in the scene, valid with the mark. */
  readonly draftMark: Int32Array;
  readonly draftAt: Int32Array;
  /** By client's node: the first demand that was not found stopped on the agent in the scene, valid with the mark. */
  readonly demandMark: Int32Array;
  readonly demandAt: Int32Array;
  /** By client's node: it had its piece in this look. */
  readonly servedMark: Int32Array;
  /** By node: children before the cursor are known to get nothing of the agent in the scene; valid with the mark. */
  readonly cursorMark: Int32Array;
  readonly cursor: Int32Array;
  /** By agent's number: its last draft, as its place in `drafts` plus one. */
  readonly lastDraft: Int32Array;
  /** By agent's number: something may still be given there. */
  readonly isLeftAt: Uint8Array;
  /** Vectors: free of what is reserved for the client, what a unit takes of that, and what it needs besides. */
  readonly reservedFree: Float64Array;
  readonly reservedUse: Float64Array;
  readonly need: Float64Array;
  /** Vectors of the piece. */
  readonly usable: Float64Array;
  readonly reservedPart: Float64Array;
  readonly sum: Float64Array;
  /** Unreserved amounts of all drafts, each written when its draft is made. */
  given: Float64Array;
  /** Sums as they were before the first draft. */
  readonly copies: Float64Array[];
  /** Of each scalar the least that any client with demand wants. */
  readonly leastNeed: Float64Array;
  /** Nothing is reserved: a vector of zeros. */
  readonly zeros: Float64Array;
};

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
