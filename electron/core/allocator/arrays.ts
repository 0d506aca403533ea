// Typed arrays that grow.

export function longer<T extends Int32Array | Float64Array | Uint8Array>(
  old: T,
  make: (length: number) => T,
  length: number,
): T {
  const wider = make(length);
  wider.set(old);
  return wider;
}

export const ints = (length: number): Int32Array => new Int32Array(length);
export const doubles = (length: number): Float64Array => new Float64Array(length);
export const bytes = (length: number): Uint8Array => new Uint8Array(length);
