// The agent runs: its self-test first, then the daemon, so that it outlives this login.
import type { LaneContext } from '../../../core/kernel/effects.ts';
import { done, failed, type Lane, oddEnd, readPairs, type StepReport } from '../lane.ts';
import { quote } from '../words.ts';

const timeoutMs = 40_000;

/**
 * $1 the folder. A daemon that still runs from an older file is ended first; its tasks go on. An entry for the boot
 * comes first, since the agent is started by it where a service manager keeps it. One that cannot be made is said, but no
 * reason to fail: the app starts the agent at the next contact.
 */
export const startScript = `b=$1/bin/mesolite-agent; was=no
out=$("$b" selftest --dir "$1" 2>&1) || { printf '%s\\n' "$out"; echo problem=selftest; exit 3; }
pid=$("$b" status --json --dir "$1" 2>/dev/null | sed -n 's/.*"pid":\\([0-9]*\\).*/\\1/p')
if [ -n "$pid" ]; then
  if [ "$(readlink "/proc/$pid/exe")" = "$b" ]; then was=running
  else "$b" stop --tasks keep --dir "$1"; fi
fi
"$b" boot --dir "$1" install 2>&1 || echo "boot=none"
"$b" daemon --dir "$1" 2>&1 || { echo problem=start; tail -n 5 "$1/log" 2>/dev/null; exit 3; }
"$b" status --dir "$1" 2>&1 || { echo problem=start; exit 3; }
echo "was=$was"`;

export async function start(lane: Lane, context: LaneContext): Promise<StepReport> {
  const dir = lane.agentDir || (context.learned.agentDir ?? '');
  const connection = await lane.ensure(context.hostKey, context.learned.login);
  if (!connection.ok) return failed(startScript, connection.refusal);
  lane.made.push({ kind: 'daemon', dir });
  const answer = await lane.run({ script: startScript, args: [dir], asRoot: lane.asRoot, timeoutMs });
  if (!answer.ok) return failed(startScript, answer.refusal);
  const { code, output, errors } = answer.value;
  const said = `${output.toString('utf8')}${errors}`;
  const pairs = readPairs(output);
  // It ran before this lane: a clean-up must leave it alone.
  if (pairs.get('was') === 'running') lane.made.pop();
  if (code === 0) return done(startScript, said);
  const problem = pairs.get('problem');
  const detail = quote(said);
  if (problem === 'selftest') {
    return failed(startScript, { code: 'unsupported', reason: 'selftest-failed', detail }, said);
  }
  if (problem === 'start') {
    return failed(startScript, { code: 'internal', reason: 'daemon-not-started', detail }, said);
  }
  return failed(startScript, oddEnd(answer.value), said);
}
