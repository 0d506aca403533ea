// Our line in ~/.ssh/authorized_keys. The file is edited here, byte for byte, and swapped there only when nobody has
// changed it meanwhile; all other bytes stay as they are. Our line is put first, so that a last line without a newline
// is not touched.
import { randomBytes } from 'node:crypto';
import { ok, type Refusal, type Result } from '../../contract/errors.ts';
import { type Lane, oddEnd, readPairs } from './lane.ts';
import { readyLine } from './script.ts';
import { quote } from './words.ts';

const maxFileBytes = 512 * 1024;
const maxTries = 5;
const options = 'restrict';

/** What we had to create, kept in the line itself so that a later removal can undo it. */
export type Created = 'nothing' | 'file' | 'folder';

/** `restrict ssh-ed25519 AAAA... mesolite:<id> [made-file|made-folder]` */
export function ownLine(publicKey: string, marker: string, created: Created): string {
  const [type = '', blob = ''] = publicKey.trim().split(/\s+/);
  return `${options} ${type} ${blob} ${marker}${created === 'nothing' ? '' : ` made-${created}`}\n`;
}

export function addLine(content: Buffer, line: string): Buffer {
  return Buffer.concat([Buffer.from(line), content]);
}

/** Removes each line with our marker and nothing else. Tells what our line says we had created. */
export function removeLines(
  content: Buffer,
  marker: string,
): { content: Buffer; removed: number; created: Created } {
  const kept: Buffer[] = [];
  let removed = 0;
  let created: Created = 'nothing';
  for (let from = 0; from < content.length; ) {
    const newline = content.indexOf(0x0a, from);
    const end = newline < 0 ? content.length : newline + 1;
    const line = content.subarray(from, end);
    const made = ownMark(line.toString('latin1'), marker);
    if (made === null) kept.push(line);
    else {
      removed += 1;
      created = made;
    }
    from = end;
  }
  return { content: Buffer.concat(kept), removed, created };
}

/** null = not our line. */
function ownMark(line: string, marker: string): Created | null {
  if (line.trimStart().startsWith('#')) return null;
  const words = line.trim().split(/\s+/);
  const at = words.indexOf(marker);
  if (at < 2 || !words.slice(0, at).includes('ssh-ed25519')) return null;
  const note = words[at + 1];
  return note === 'made-folder' ? 'folder' : note === 'made-file' ? 'file' : 'nothing';
}

/** $1 the most bytes we take. Prints what is there, then the file itself. */
const readScript = `d=$HOME/.ssh; f=$d/authorized_keys
[ -n "$HOME" ] && [ -d "$HOME" ] || { echo home=missing; exit 3; }
[ -d "$d" ] && echo folder=yes || echo folder=no
if [ -f "$f" ]; then
  [ "$(wc -c <"$f")" -le "$1" ] || { echo file=too-long; exit 4; }
  echo "sum=$(cksum <"$f")"; echo file=yes; echo "content="; cat "$f"
else echo file=no; echo "content="; fi`;

/**
 * $1 what the file's checksum must still be ("" = no file), $2 a random suffix, $3 the new content's checksum.
 * A link is followed to the file it names, so that it stays a link.
 */
const writeScript = `d=$HOME/.ssh; f=$d/authorized_keys; umask 077; set -C
[ -d "$d" ] || mkdir "$d" || exit 5
[ -L "$f" ] && f=$(readlink -f "$f")
t=$(dirname "$f")/.mesolite-$2
trap 'rm -f "$t"' EXIT; trap 'exit 9' HUP TERM
now=; [ -f "$f" ] && now=$(cksum <"$f")
[ "$now" = "$1" ] || exit 7
if [ -f "$f" ]; then cp -p "$f" "$t" || exit 5; else : >"$t" || exit 5; chmod 600 "$t"; fi
${readyLine}
cat >|"$t" || exit 5
[ "$(cksum <"$t")" = "$3" ] || exit 8
sync "$t" 2>/dev/null || sync
now=; [ -f "$f" ] && now=$(cksum <"$f")
[ "$now" = "$1" ] || exit 7
mv -f "$t" "$f" || exit 5`;

/** $1 = the file's checksum as it must be, $2 = "folder" when the folder is ours too. Only an empty file goes. */
const dropScript = `d=$HOME/.ssh; f=$d/authorized_keys
[ -f "$f" ] && [ ! -L "$f" ] && [ ! -s "$f" ] && rm -f "$f"
[ "$1" = folder ] && rmdir "$d" 2>/dev/null; exit 0`;

type Content = { readonly hasFolder: boolean; readonly sum: string; readonly bytes: Buffer };

async function readFile(lane: Lane): Promise<Result<Content>> {
  const answer = await lane.run({ script: readScript, args: [String(maxFileBytes)] });
  if (!answer.ok) return answer;
  const { code, output } = answer.value;
  const marker = Buffer.from('content=\n');
  const at = output.indexOf(marker);
  const pairs = readPairs(at < 0 ? output : output.subarray(0, at));
  if (code !== 0 || at < 0) {
    if (pairs.get('home') === 'missing') {
      return { ok: false, refusal: { code: 'not-found', reason: 'home-missing', detail: lane.where } };
    }
    return { ok: false, refusal: { ...oddEnd(answer.value), reason: 'key-not-planted' } };
  }
  const bytes = output.subarray(at + marker.length);
  return ok({ hasFolder: pairs.get('folder') === 'yes', sum: pairs.get('sum') ?? '', bytes });
}

/** false = somebody else changed the file; read it again. */
async function writeFile(lane: Lane, expectedSum: string, content: Buffer): Promise<Result<boolean>> {
  const suffix = randomBytes(6).toString('hex');
  const args = [expectedSum, suffix, cksum(content)];
  const answer = await lane.run({ script: writeScript, args, input: content });
  if (!answer.ok) return answer;
  const { code, errors } = answer.value;
  if (code === 0) return ok(true);
  if (code === 7) return ok(false);
  const denied = code === 5;
  const refusal: Refusal = denied
    ? { code: 'conflict', reason: 'key-not-planted', detail: quote(errors) }
    : { ...oddEnd(answer.value), reason: 'key-not-planted' };
  return { ok: false, refusal };
}

export type Planted = { readonly line: string; readonly wasThere: boolean };

export async function plantKey(lane: Lane): Promise<Result<Planted>> {
  const { ownPublicKey, keyMarker } = lane.tools;
  for (let turn = 0; turn < maxTries; turn += 1) {
    const file = await readFile(lane);
    if (!file.ok) return file;
    const { bytes, sum, hasFolder } = file.value;
    const created: Created = !hasFolder ? 'folder' : sum === '' ? 'file' : 'nothing';
    const blob = ownPublicKey.trim().split(/\s+/)[1] ?? '';
    const there = bytes
      .toString('latin1')
      .split('\n')
      .find((line) => line.includes(blob));
    if (there !== undefined && ownMark(there, keyMarker) !== null) return ok({ line: there, wasThere: true });
    const line = ownLine(ownPublicKey, keyMarker, created);
    const written = await writeFile(lane, sum, addLine(bytes, line));
    if (!written.ok) return written;
    if (written.value) return ok({ line: line.trim(), wasThere: false });
  }
  return {
    ok: false,
    refusal: { code: 'conflict', reason: 'key-not-planted', detail: 'the file changed all the time' },
  };
}

/** Removes our line and, when we had created them and they are empty now, the file and its folder. */
export async function unplantKey(lane: Lane): Promise<Result<number>> {
  for (let turn = 0; turn < maxTries; turn += 1) {
    const file = await readFile(lane);
    if (!file.ok) return file;
    const edit = removeLines(file.value.bytes, lane.tools.keyMarker);
    if (edit.removed === 0) return ok(0);
    const written = await writeFile(lane, file.value.sum, edit.content);
    if (!written.ok) return { ok: false, refusal: { ...written.refusal, reason: 'key-not-removed' } };
    if (!written.value) continue;
    if (edit.created !== 'nothing' && edit.content.length === 0) {
      const dropped = await lane.run({ script: dropScript, args: [edit.created] });
      if (!dropped.ok) return dropped;
    }
    return ok(edit.removed);
  }
  return {
    ok: false,
    refusal: { code: 'conflict', reason: 'key-not-removed', detail: 'the file changed all the time' },
  };
}

/** POSIX `cksum`: the checksum every machine has. It guards against races and torn writes, not against attackers. */
export function cksum(content: Uint8Array): string {
  let crc = 0;
  const feed = (byte: number) => {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  };
  for (const byte of content) feed(byte);
  for (let length = content.length; length > 0; length = Math.floor(length / 256)) feed(length & 0xff);
  return `${~crc >>> 0} ${content.length}`;
}
