// A secret in memory: a Buffer that is overwritten after use, in a wrapper that prints as stars everywhere.
import { inspect } from 'node:util';

export class Secret {
  readonly #bytes: Buffer;
  #isWiped = false;

  constructor(text: string) {
    this.#bytes = Buffer.from(text, 'utf8');
  }

  get isWiped(): boolean {
    return this.#isWiped;
  }

  /** The bytes themselves, never a copy: they turn to zeros at `wipe`. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  wipe(): void {
    this.#bytes.fill(0);
    this.#isWiped = true;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}
