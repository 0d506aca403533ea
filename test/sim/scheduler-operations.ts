// What a scheduler knows of operations that it gave an id: each that was done is told to it at least once, and nothing else of it
// after that (I4).
import type { Operation } from '../../electron/contract/offer.ts';
import type { OperationStatus } from '../../electron/contract/operation-status.ts';

export class KnownOperations {
  /** Those that were done, and it has not been told so. */
  readonly #untold = new Set<string>();
  readonly #told = new Set<string>();

  constructor(past?: KnownOperations) {
    if (!past) return;
    for (const id of past.#untold) this.#untold.add(id);
    for (const id of past.#told) this.#told.add(id);
  }

  get areTold(): boolean {
    return this.#untold.size === 0;
  }

  /** What came of it may have been told before the answer. */
  accepted(operations: readonly Operation[]): void {
    for (const each of operations)
      if ('id' in each && each.id !== undefined && !this.#told.has(each.id)) this.#untold.add(each.id);
  }

  /** What is wrong with it; null: nothing. */
  learn({ operationId, state }: OperationStatus): string | null {
    const wasTold = this.#told.has(operationId);
    if (state === 'OPERATION_FINISHED') {
      this.#told.add(operationId);
      this.#untold.delete(operationId);
    } else if (wasTold && state !== 'OPERATION_UNKNOWN')
      return `I4 ${operationId} was done and is told as ${state}`;
    return null;
  }
}
