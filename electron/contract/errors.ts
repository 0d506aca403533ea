// Refusals: what a caller can meet and handle. One closed list of codes; the interface chooses its words by
// code and reason, never by the English detail. Imports zod only.
import { z } from 'zod';

export const refusalCodes = [
  'invalid',
  'not-found',
  'conflict',
  'unauthorized',
  'unreachable',
  'timeout',
  'exhausted',
  'unsupported',
  'internal',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

export const refusalSchema = z.object({
  code: z.enum(refusalCodes),
  /** Stable kebab-case key for the message catalogue, e.g. `machine-unreachable`. */
  reason: z.string(),
  /** Plain English fact for logs and the folded part of a message. Never a secret, never a stack. */
  detail: z.string(),
});
export type Refusal = z.infer<typeof refusalSchema>;

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse(code: RefusalCode, reason: string, detail: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { code, reason, detail } };
}
