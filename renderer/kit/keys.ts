// Keyboard: one listener for the window; regions add maps of key to act. The newest map wins; typing is left alone.
import { useEffect, useRef } from 'react';

export type KeyMap = Readonly<Record<string, () => void>>;

const maps: { current: KeyMap }[] = [];
let prefix = '';
let prefixAtMs = 0;
const prefixMs = 1200;

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  )
    return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type);
}

/** Open layers own the keyboard; only chords with Ctrl or Cmd pass. */
function isLayerOpen(): boolean {
  return (
    document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]') !== null
  );
}

/** `Mod+K`, `g r`, `?`, `Enter`, `.` */
function nameOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return `${event.ctrlKey || event.metaKey ? 'Mod+' : ''}${event.altKey ? 'Alt+' : ''}${key}`;
}

function find(name: string): (() => void) | undefined {
  for (let i = maps.length - 1; i >= 0; i -= 1) {
    const act = maps[i]?.current[name];
    if (act !== undefined) return act;
  }
  return undefined;
}

/** Enter and Space belong to a focused button or link. */
function isForButton(event: KeyboardEvent, name: string): boolean {
  if (name !== 'Enter' && name !== ' ') return false;
  return (
    event.target instanceof HTMLElement &&
    event.target.closest('button, a, summary, [role="button"]') !== null
  );
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || (event.repeat && event.key === 'Enter')) return;
  const name = nameOf(event);
  const isChord = name.startsWith('Mod+');
  if (!isChord && (isTyping(event.target) || isLayerOpen())) return;
  if (isForButton(event, name)) return;
  const nowMs = event.timeStamp;
  const sequence = prefix !== '' && nowMs - prefixAtMs < prefixMs ? `${prefix} ${name}` : '';
  const act = (sequence === '' ? undefined : find(sequence)) ?? find(name);
  prefix = name === 'g' ? 'g' : '';
  prefixAtMs = nowMs;
  if (act === undefined) return;
  event.preventDefault();
  act();
}

export function useKeys(map: KeyMap): void {
  const box = useRef<{ current: KeyMap }>({ current: map });
  box.current.current = map;
  useEffect(() => {
    const entry = box.current;
    maps.push(entry);
    if (maps.length === 1) window.addEventListener('keydown', onKey);
    return () => {
      const index = maps.indexOf(entry);
      if (index >= 0) maps.splice(index, 1);
      if (maps.length === 0) window.removeEventListener('keydown', onKey);
    };
  }, []);
}
