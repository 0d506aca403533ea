import type { PointerEvent } from 'react';

/** A handle that was pressed tells where the pointer goes (px in the window), also outside of it, until it is let go. */
export function followPointer(event: PointerEvent<HTMLElement>, onMove: (clientX: number) => void): void {
  const { pointerId, currentTarget: handle } = event;
  handle.setPointerCapture(pointerId);
  const move = (moved: globalThis.PointerEvent) => onMove(moved.clientX);
  const end = () => {
    handle.removeEventListener('pointermove', move);
    handle.removeEventListener('pointerup', end);
    handle.removeEventListener('pointercancel', end);
  };
  handle.addEventListener('pointermove', move);
  handle.addEventListener('pointerup', end);
  handle.addEventListener('pointercancel', end);
}
