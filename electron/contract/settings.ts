// Settings: one durable record. Unknown keys of a newer version are dropped with a note, never an error.
import { z } from 'zod';
import { defaultKeeping, keepingSchema } from './wire.ts';

export const settingsSchema = z.object({
  id: z.literal('settings').default('settings'),
  theme: z.enum(['system', 'dark', 'light']).default('system'),
  language: z.enum(['system', 'en', 'zh-CN']).default('system'),
  /** What happens to this computer's agent when the app quits while it has tasks. */
  onQuit: z.enum(['ask', 'keep', 'stop']).default('ask'),
  /** Silence after which an agent is unreachable. 5 s to 1 h. */
  unreachableAfterMs: z.number().int().min(5000).max(3_600_000).default(10_000),
  /** An offer that is not answered is taken back after that long; null = never, as in Mesos. */
  offerTimeoutMs: z.number().int().min(1000).max(3_600_000).nullable().default(15_000),
  /** What every agent keeps; told to each at its hello. */
  keeping: keepingSchema.default(defaultKeeping),
});
export type Settings = z.infer<typeof settingsSchema>;
export const defaultSettings: Settings = settingsSchema.parse({});
