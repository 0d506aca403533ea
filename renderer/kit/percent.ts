/** A share of 0 to 1 (what is beyond is cut) as CSS: fine enough for a track of any width. */
export const percentOf = (share: number): string => `${(Math.min(1, Math.max(0, share)) * 100).toFixed(3)}%`;
