// The agent's file: compared by hash first, sent over the same channel, hashed again there, swapped in by one rename.
import { randomBytes, webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { LaneContext } from '../../../core/kernel/effects.ts';
import { done, failed, type Lane, oddEnd, readPairs, type StepReport } from '../lane.ts';
import { readyLine } from '../script.ts';
import { bytesInWords, quote } from '../words.ts';

const timeoutMs = 300_000;

/** Whatever the machine has; all three print the hash first or last on a line. */
const hashFunction = `hash() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum <"$1" | cut -c1-64
  elif command -v busybox >/dev/null 2>&1; then busybox sha256sum <"$1" | cut -c1-64
  elif command -v openssl >/dev/null 2>&1; then openssl dgst -sha256 <"$1" | sed 's/.* //'
  else echo no-hash-tool; fi
}`;

/** $1 the folder. */
const askScript = `${hashFunction}
f=$1/bin/mesolite-agent
[ -f "$f" ] && [ ! -L "$f" ] && echo "hash=$(hash "$f")" || echo hash=none`;

/** $1 the folder, $2 the hash, $3 a random suffix. The file gets its name only when it is whole and on disk. */
const sendScript = `${hashFunction}
umask 077; set -C
[ -d "$1/bin" ] || mkdir "$1/bin" || exit 5
t=$1/bin/.new-$3
trap 'rm -f "$t"' EXIT; trap 'exit 9' HUP TERM PIPE
: >"$t" || exit 5
${readyLine}
cat >|"$t" || exit 6
got=$(hash "$t"); echo "hash=$got"
[ "$got" = "$2" ] || exit 7
sync "$t" 2>/dev/null || sync
chmod 700 "$t" && mv -f "$t" "$1/bin/mesolite-agent" || exit 5
sync "$1/bin" 2>/dev/null || sync`;

export async function upload(lane: Lane, context: LaneContext): Promise<StepReport> {
  const dir = lane.agentDir || (context.learned.agentDir ?? '');
  const asked = 'sha256 of bin/mesolite-agent';
  const file = lane.probe === null ? null : lane.tools.agentFile(lane.probe.arch);
  if (file === null) {
    const detail = `no agent for ${lane.probe?.arch ?? 'this CPU'}`;
    return failed(asked, { code: 'not-found', reason: 'agent-binary-missing', detail });
  }
  const binary = await readFile(file).catch(() => null);
  if (binary === null) {
    return failed(asked, { code: 'not-found', reason: 'agent-binary-missing', detail: file });
  }
  // In a thread of the pool: 8 MB would hold the main process for tens of milliseconds.
  const hash = Buffer.from(await webcrypto.subtle.digest('SHA-256', binary)).toString('hex');
  const connection = await lane.ensure(context.hostKey, context.learned.login);
  if (!connection.ok) return failed(asked, connection.refusal);
  const there = await lane.run({ script: askScript, args: [dir], asRoot: lane.asRoot });
  if (!there.ok) return failed(asked, there.refusal);
  if (readPairs(there.value.output).get('hash') === hash) {
    return done(askScript, `${dir}/bin/mesolite-agent is there already, sha256 ${hash}`);
  }
  return send(lane, { dir, binary, hash });
}

type Sending = { readonly dir: string; readonly binary: Buffer; readonly hash: string };

async function send(lane: Lane, { dir, binary, hash }: Sending): Promise<StepReport> {
  lane.made.push({ kind: 'binary', dir });
  const sent = await lane.run({
    script: sendScript,
    args: [dir, hash, randomBytes(6).toString('hex')],
    input: binary,
    asRoot: lane.asRoot,
    timeoutMs,
  });
  if (!sent.ok) return failed(sendScript, sent.refusal);
  const { code, output, errors } = sent.value;
  const got = readPairs(output).get('hash') ?? '';
  if (code === 7) {
    const detail = `sent ${hash}, arrived ${got}`;
    return failed(sendScript, { code: 'internal', reason: 'upload-corrupt', detail });
  }
  if (code === 6 || code === 5) {
    const isFull = /no space/i.test(errors);
    const reason = isFull ? 'no-space' : 'upload-failed';
    return failed(sendScript, { code: isFull ? 'exhausted' : 'unauthorized', reason, detail: quote(errors) });
  }
  if (code !== 0) return failed(sendScript, oddEnd(sent.value));
  return done(
    sendScript,
    `${bytesInWords(binary.length)} to ${dir}/bin/mesolite-agent, sha256 ${got} on both ends`,
  );
}
