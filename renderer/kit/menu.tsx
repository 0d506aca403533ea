// Menu of verbs, on the accessible primitive.
import './float.css';
import { Menu as Base } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';
import { cx } from './cx.ts';

export type MenuEntry =
  | {
      readonly kind: 'item';
      readonly text: string;
      readonly icon?: ReactNode;
      readonly keys?: string;
      readonly isDanger?: boolean;
      readonly isDisabled?: boolean;
      readonly act: () => void;
    }
  | { readonly kind: 'line' };

type MenuProps = {
  readonly entries: readonly MenuEntry[];
  readonly trigger: ReactElement;
  readonly open?: boolean;
  readonly onOpenChange?: (open: boolean) => void;
};

export function Menu({ entries, trigger, open, onOpenChange }: MenuProps) {
  const control = {
    ...(open === undefined ? {} : { open }),
    ...(onOpenChange === undefined ? {} : { onOpenChange }),
  };
  return (
    <Base.Root {...control}>
      <Base.Trigger render={trigger as ReactElement<Record<string, unknown>>} />
      <Base.Portal>
        <Base.Positioner side="bottom" align="end" sideOffset={4} className="float-layer">
          <Base.Popup className="menu">
            {entries.map((entry, index) =>
              entry.kind === 'line' ? (
                // Lines have no identity but their place.
                <Base.Separator key={`line-${String(index)}`} className="menu__line" />
              ) : (
                <Base.Item
                  key={entry.text}
                  className={cx('menu__item', entry.isDanger === true && 'menu__item--danger')}
                  disabled={entry.isDisabled ?? false}
                  onClick={entry.act}
                >
                  {entry.icon}
                  {entry.text}
                  {entry.keys !== undefined && <span className="menu__keys">{entry.keys}</span>}
                </Base.Item>
              ),
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
