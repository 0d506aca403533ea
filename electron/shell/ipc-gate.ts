// What every request of the renderer passes before a handler sees it: known channel, rate, schema. No Electron here.
// The answer is always a Result; a throwing handler becomes `internal` with a log id, never a stack.
import { type Answers, type Channel, type Request, requestSchemas } from '../contract/channels.ts';
import { type Refusal, type Result, refuse } from '../contract/errors.ts';
import type { Log } from './log-file.ts';

/** Which renderer asks. Streams and snapshots belong to it and end with it. */
export type Sender = { readonly id: number };

export type Handlers = {
  readonly [C in Channel]: (
    request: Request<C>,
    from: Sender,
  ) => Promise<Result<Answers[C]>> | Result<Answers[C]>;
};

export type Gate = {
  readonly handle: (from: Sender, channel: unknown, request: unknown) => Promise<Result<unknown>>;
  readonly forget: (from: Sender) => void;
};

/** A person clicks a few times a second. Credits of a log stream are many and cheap, so they cost a tenth. */
export const rateLimit = { perSecond: 200, burst: 400, muteMs: 1000, creditCost: 0.1 } as const;

type Bucket = { tokens: number; atMs: number; mutedUntilMs: number };

export function createGate(handlers: Handlers, log: Log, monoMs: () => number): Gate {
  const buckets = new Map<number, Bucket>();
  // One object for all: a flood must not even cost an allocation each.
  const muted = Promise.resolve(
    refuse('exhausted', 'too-many-requests', 'too many requests from the window'),
  );

  const isAllowed = (from: Sender, cost: number): boolean => {
    const atMs = monoMs();
    const bucket = buckets.get(from.id) ?? { tokens: rateLimit.burst, atMs, mutedUntilMs: 0 };
    buckets.set(from.id, bucket);
    if (atMs < bucket.mutedUntilMs) return false;
    bucket.tokens = Math.min(
      rateLimit.burst,
      bucket.tokens + ((atMs - bucket.atMs) / 1000) * rateLimit.perSecond,
    );
    bucket.atMs = atMs;
    if (bucket.tokens >= cost) {
      bucket.tokens -= cost;
      return true;
    }
    bucket.mutedUntilMs = atMs + rateLimit.muteMs;
    log('warn', 'mute-window', { window: from.id, forMs: rateLimit.muteMs });
    return false;
  };

  return {
    handle: (from, channel, request) => {
      if (!isAllowed(from, channel === 'log:credit' ? rateLimit.creditCost : 1)) return muted;
      return answer({ handlers, log, from }, channel, request);
    },
    forget: (from) => void buckets.delete(from.id),
  };
}

type Call = { readonly handlers: Handlers; readonly log: Log; readonly from: Sender };

async function answer(call: Call, channel: unknown, request: unknown): Promise<Result<unknown>> {
  if (typeof channel !== 'string' || !isChannel(channel)) {
    call.log('warn', 'refuse-request', { channel: String(channel).slice(0, 60), why: 'unknown-channel' });
    return refuse('invalid', 'unknown-channel', 'there is no such channel');
  }
  const parsed = requestSchemas[channel].safeParse(request);
  if (!parsed.success) {
    // Only paths: the values may hold a password.
    const where = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join('.') || 'request'}: ${issue.code}`);
    call.log('warn', 'refuse-request', { channel, why: where.join('; ') });
    return refuse('invalid', 'wrong-shape', where.join('; '));
  }
  try {
    // The schema of this very channel was applied, which the compiler cannot see through the union.
    const handler = call.handlers[channel] as (request: unknown, from: Sender) => Promise<Result<unknown>>;
    return await handler(parsed.data, call.from);
  } catch (error) {
    return internalRefusal(call.log, channel, error);
  }
}

function isChannel(name: string): name is Channel {
  return Object.hasOwn(requestSchemas, name);
}

function internalRefusal(log: Log, where: string, error: unknown): { ok: false; refusal: Refusal } {
  const logId = Math.random().toString(36).slice(2, 10);
  log('error', 'request-failed', {
    where,
    logId,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  return refuse('internal', 'request-failed', `see the log, id ${logId}`);
}
