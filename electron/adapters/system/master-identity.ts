// Who this master is to its agents: an id for ever, and an epoch that grows at every start, so that an agent can refuse
// a copy of this app that was started earlier.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type MasterId, masterIdSchema } from '../../contract/ids.ts';
import { writeDurably } from './durable-file.ts';
import { systemIds } from './ids.ts';

const identitySchema = z.object({ masterId: masterIdSchema, epoch: z.number().int().min(1) });

export type MasterIdentity = {
  readonly masterId: MasterId;
  readonly epoch: number;
  /** The old file could not be read: agents will ask for a take-over. */
  readonly isNewAfterDamage: boolean;
};

/** Reads, raises and writes the epoch before anything may use it. Throws when the folder cannot be written. */
export function startMasterIdentity(path: string, nowMs: number): MasterIdentity {
  const { old, isDamaged } = readIdentity(path);
  // Also above a clock in seconds, so that a profile restored from an older backup is not taken for an older start.
  const epoch = Math.max((old?.epoch ?? 0) + 1, Math.floor(nowMs / 1000));
  const masterId = old?.masterId ?? systemIds.master();
  writeDurably(path, `${JSON.stringify({ masterId, epoch })}\n`, 0o600);
  return { masterId, epoch, isNewAfterDamage: isDamaged };
}

function readIdentity(path: string): { old: z.infer<typeof identitySchema> | null; isDamaged: boolean } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { old: null, isDamaged: false };
    throw error;
  }
  try {
    return { old: identitySchema.parse(JSON.parse(text)), isDamaged: false };
  } catch {
    return { old: null, isDamaged: true };
  }
}
