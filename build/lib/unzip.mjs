// A small zip reader (stored and deflated entries, no zip64), enough to unpack one known archive without a tool.
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { Trouble } from './log.mjs';

const END_MARK = 0x06054b50;
const ENTRY_MARK = 0x02014b50;
const LINK_MODE = 0o120000;

/** @typedef {{ name: string, method: number, packed: number, size: number, offset: number, mode: number }} ZipEntry */

/** @param {number} fd @param {number} length @param {number} position */
function readAt(fd, length, position) {
  const buffer = Buffer.alloc(length);
  if (readSync(fd, buffer, 0, length, position) !== length) throw new Trouble('the zip file is cut off');
  return buffer;
}

/** @param {number} fd @returns {ZipEntry[]} */
function readDirectory(fd) {
  const size = fstatSync(fd).size;
  const tailLength = Math.min(size, 65_557);
  const tail = readAt(fd, tailLength, size - tailLength);
  let at = tail.length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END_MARK) at -= 1;
  if (at < 0) throw new Trouble('this is not a zip file');
  const directory = readAt(fd, tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16));
  /** @type {ZipEntry[]} */
  const entries = [];
  for (let i = 0; i + 46 <= directory.length && directory.readUInt32LE(i) === ENTRY_MARK; ) {
    const nameLength = directory.readUInt16LE(i + 28);
    entries.push({
      name: directory.toString('utf8', i + 46, i + 46 + nameLength),
      method: directory.readUInt16LE(i + 10),
      packed: directory.readUInt32LE(i + 20),
      size: directory.readUInt32LE(i + 24),
      offset: directory.readUInt32LE(i + 42),
      mode: directory.readUInt32LE(i + 38) >>> 16,
    });
    i += 46 + nameLength + directory.readUInt16LE(i + 30) + directory.readUInt16LE(i + 32);
  }
  return entries;
}

/** @param {number} fd @param {ZipEntry} entry */
function readEntry(fd, entry) {
  const head = readAt(fd, 30, entry.offset);
  const start = entry.offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  const packed = readAt(fd, entry.packed, start);
  const data = entry.method === 0 ? packed : inflateRawSync(packed);
  if (data.length !== entry.size) throw new Trouble(`${entry.name} in the zip file is damaged`);
  return data;
}

/** @param {string} zip @param {string} folder @param {(name: string) => boolean} [keep] @returns {number} files written */
export function unzip(zip, folder, keep = () => true) {
  const fd = openSync(zip, 'r');
  let count = 0;
  try {
    for (const entry of readDirectory(fd)) {
      if (!keep(entry.name)) continue;
      const target = path.resolve(folder, entry.name);
      if (!target.startsWith(path.resolve(folder) + path.sep))
        throw new Trouble(`${entry.name} would leave the folder`);
      if (entry.name.endsWith('/')) {
        mkdirSync(target, { recursive: true });
        continue;
      }
      mkdirSync(path.dirname(target), { recursive: true });
      const data = readEntry(fd, entry);
      if ((entry.mode & 0o170000) === LINK_MODE) symlinkSync(data.toString(), target);
      else {
        writeFileSync(target, data);
        chmodSync(target, entry.mode & 0o777 || 0o644);
      }
      count += 1;
    }
  } finally {
    closeSync(fd);
  }
  return count;
}
