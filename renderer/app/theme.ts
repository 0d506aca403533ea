// Theme: follows the system or the setting, and switches live by one attribute.
import type { Settings } from '../../electron/contract/settings.ts';

const light = () => window.matchMedia('(prefers-color-scheme: light)');

export function applyTheme(theme: Settings['theme']): void {
  const resolved = theme === 'system' ? (light().matches ? 'light' : 'dark') : theme;
  document.documentElement.dataset['theme'] = resolved;
}

export function watchSystemTheme(onChange: () => void): () => void {
  const query = light();
  query.addEventListener('change', onChange);
  return () => query.removeEventListener('change', onChange);
}
