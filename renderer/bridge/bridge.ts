// The typed way to the main process. Knows the contract's types and nothing of the pages.
import type {
  Answers,
  Bridge,
  Channel,
  PushChannel,
  Pushes,
  Request,
} from '../../electron/contract/channels.ts';
import type { Result } from '../../electron/contract/errors.ts';

declare global {
  interface Window {
    /** Put there by the preload (in development by test/support/fake-bridge). */
    readonly mesolite?: Bridge;
  }
}

let current: Bridge | null = null;

/** Chosen once at start; tests hand in their own. */
export function setBridge(bridge: Bridge): void {
  current = bridge;
}

function must(): Bridge {
  const bridge = current ?? window.mesolite;
  if (bridge === undefined) throw new Error('the window was opened without its bridge');
  return bridge;
}

/** Never rejects: what the bridge could not carry is a refusal as well. */
export async function call<C extends Channel>(channel: C, request: Request<C>): Promise<Result<Answers[C]>> {
  try {
    return await must().invoke(channel, request);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { ok: false, refusal: { code: 'internal', reason: 'bridge-failed', detail } };
  }
}

export function listen<P extends PushChannel>(channel: P, listener: (push: Pushes[P]) => void): () => void {
  return must().subscribe(channel, listener);
}

/** Marks a promise that is left alone on purpose. */
export function drop(promise: Promise<unknown>, _why: string): void {
  promise.catch(() => undefined);
}
