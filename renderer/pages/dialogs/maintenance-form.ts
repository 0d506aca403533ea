// What is typed for a maintenance, read and written. Times are those of this computer's clock. Pure.

const units: Readonly<Record<string, number>> = { min: 60_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const mostMs = 365 * 86_400_000;

/** `90 min`, `2 h`, `1 d 12 h`; null: not a length, or none that is allowed. */
export function readLength(text: string): number | null {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*(min|m|h|d)\b/g)];
  const rest = text.replace(/(\d+(?:\.\d+)?)\s*(min|m|h|d)\b/g, '').trim();
  if (parts.length === 0 || rest !== '') return null;
  const ms = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (units[unit] ?? 0), 0);
  const whole = Math.round(ms);
  return whole >= 60_000 && whole <= mostMs ? whole : null;
}

export function writeLength(ms: number): string {
  for (const [unit, each] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
  ] as const)
    if (ms % each === 0) return `${ms / each} ${unit}`;
  return `${Math.round(ms / 60_000)} min`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** As a field of type datetime-local has it. */
export function writeStart(atMs: number): string {
  const at = new Date(atMs);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function readStart(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) return null;
  const atMs = new Date(text).getTime();
  return Number.isNaN(atMs) ? null : atMs;
}

/** The next full hour that is at least half an hour away. */
export function usualStart(nowMs: number): number {
  const at = new Date(nowMs + 30 * 60_000);
  at.setMinutes(60, 0, 0);
  return at.getTime();
}
