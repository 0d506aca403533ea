// The agent's folder: made private, writable, with room, and programs may run from it. All of it tried, not guessed.
import type { Refusal } from '../../../contract/errors.ts';
import type { LaneContext } from '../../../core/kernel/effects.ts';
import { done, failed, type Lane, oddEnd, readPairs, type StepReport } from '../lane.ts';
import { quote } from '../words.ts';

const needKib = 64 * 1024;

/** $1 the folder, $2 KiB needed, $3 a random suffix. */
const script = `d=$1; umask 077; made=no
if [ -L "$d" ] || { [ -e "$d" ] && [ ! -d "$d" ]; }; then echo problem=not-a-folder; exit 3; fi
if [ ! -d "$d" ]; then mkdir "$d" || { echo problem=not-writable; exit 3; }; made=yes; fi
undo() { [ $made = yes ] && rmdir "$d"; echo "problem=$1"; exit 3; }
[ "$(stat -c %u "$d" 2>/dev/null || id -u)" = "$(id -u)" ] || undo not-ours
free=$(df -Pk "$d" | tail -n 1 | tr -s ' ' | cut -d' ' -f4)
echo "free-kib=$free"
f=$d/.try-$3
[ "\${free:-0}" -ge "$2" ] || undo no-space
printf '#!/bin/sh\\nexit 42\\n' >"$f" || { rm -f "$f"; undo not-writable; }
chmod 700 "$f"; "$f"; ran=$?; rm -f "$f"
[ $ran = 42 ] || undo "noexec"
echo "made=$made"`;

export async function space(lane: Lane, context: LaneContext): Promise<StepReport> {
  const dir = lane.agentDir || (context.learned.agentDir ?? '');
  const ran = `# ${dir}\n${script}`;
  const connection = await lane.ensure(context.hostKey, context.learned.login);
  if (!connection.ok) return failed(ran, connection.refusal);
  const suffix = `${context.attempt}-${process.pid}`;
  const answer = await lane.run({ script, args: [dir, String(needKib), suffix], asRoot: lane.asRoot });
  if (!answer.ok) return failed(ran, answer.refusal);
  const { code, output, errors } = answer.value;
  const said = `${output.toString('utf8')}${errors}`;
  const pairs = readPairs(output);
  if (code !== 0) {
    const refusal = problem(pairs, dir, errors) ?? oddEnd(answer.value);
    return failed(ran, refusal, said);
  }
  if (pairs.get('made') === 'yes') lane.made.push({ kind: 'folder', dir });
  const freeMib = Math.floor(Number(pairs.get('free-kib') ?? 0) / 1024);
  return done(ran, `${dir} is ours, ${freeMib} MiB free, programs may run there`);
}

function problem(pairs: ReadonlyMap<string, string>, dir: string, errors: string): Refusal | null {
  const words = errors.trim() === '' ? dir : `${dir}: ${quote(errors)}`;
  switch (pairs.get('problem')) {
    case 'not-writable':
      return { code: 'unauthorized', reason: 'home-not-writable', detail: words };
    case 'not-a-folder':
    case 'not-ours':
      return { code: 'conflict', reason: 'folder-not-ours', detail: words };
    case 'no-space': {
      const free = Math.floor(Number(pairs.get('free-kib') ?? 0) / 1024);
      return {
        code: 'exhausted',
        reason: 'no-space',
        detail: `${dir}: ${free} MiB free, ${needKib / 1024} needed`,
      };
    }
    case 'noexec':
      return { code: 'unsupported', reason: 'noexec', detail: words };
    default:
      return null;
  }
}
