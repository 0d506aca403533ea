// Undoes what this attempt has put on the machine, newest first, and only that.
import type { LaneContext } from '../../../core/kernel/effects.ts';
import { unplantKey } from '../authorized-keys.ts';
import { isOwnFolder } from '../folder.ts';
import { Lane, type Made } from '../lane.ts';
import { dropFilesScript } from '../remove/scripts.ts';
import { runScript } from '../script.ts';

/** Under the core's own cap, which then goes on without us. */
const capMs = 18_000;

/** $1 the folder. Ends the daemon this attempt has started, with everything it started (nothing yet). */
const stopDaemon = `b=$1/bin/mesolite-agent
[ -x "$b" ] || exit 0
"$b" stop --tasks stop --dir "$1" 2>&1
"$b" boot --dir "$1" remove 2>&1`;

/** $1 the folder. The file alone, where the folder was there before us. */
const dropBinary = `rm -f "$1/bin/mesolite-agent" "$1"/bin/.new-*; rmdir "$1/bin" 2>/dev/null; exit 0`;

export async function cleanUp(lane: Lane, context: LaneContext): Promise<void> {
  if (lane.made.length === 0) return lane.close();
  // The lane's own signal is spent: the clean-up gets a fresh lane over the same machine.
  const broom = new Lane(lane.place, lane.tools);
  broom.way = lane.way;
  broom.asRoot = lane.asRoot;
  broom.connection = lane.connection;
  const login = lane.made.some((one) => one.kind === 'key')
    ? ({ kind: 'own-key' } as const)
    : context.learned.login;
  const timer = setTimeout(() => broom.abort.abort(), capMs);
  try {
    const connection = await broom.ensure(context.hostKey, login);
    if (!connection.ok) {
      lane.tools.log(`clean-up of ${lane.where}: ${connection.refusal.reason}; something may be left`);
      return;
    }
    for (const one of lane.made.toReversed()) await undo(broom, one);
  } finally {
    clearTimeout(timer);
    broom.close();
    lane.close();
  }
}

async function undo(lane: Lane, made: Made): Promise<void> {
  if (made.kind === 'key') {
    const removed = await unplantKey(lane);
    if (!removed.ok) lane.tools.log(`clean-up of ${lane.where}: ${removed.refusal.detail}`);
    return;
  }
  if (!isOwnFolder(made.dir) || lane.connection === null) return;
  const script = made.kind === 'daemon' ? stopDaemon : made.kind === 'folder' ? dropFilesScript : dropBinary;
  const { connection, asRoot } = lane;
  const signal = lane.abort.signal;
  const answer = await runScript(connection, { script, args: [made.dir], asRoot, signal });
  if (!answer.ok) lane.tools.log(`clean-up of ${lane.where}: ${answer.refusal.detail}`);
}
