// Toasts at the lower right, above the dock. Announced politely; each can be put away.
import './toaster.css';
import { X } from 'lucide-react';
import { Button, IconButton } from './button.tsx';
import { cx } from './cx.ts';

export type ToastItem = {
  readonly id: number;
  readonly tone: 'plain' | 'failed';
  readonly text: string;
  readonly detail: string;
  readonly undo: (() => void) | null;
};

export function Toaster(props: {
  readonly label: string;
  readonly toasts: readonly ToastItem[];
  readonly undoLabel: string;
  readonly closeLabel: string;
  readonly onDismiss: (id: number) => void;
}) {
  return (
    <section className="toaster" aria-label={props.label} aria-live="polite">
      {props.toasts.map((toast) => (
        <div key={toast.id} role="status" className={cx('toast', `toast--${toast.tone}`)}>
          <div className="grow">
            <p>{toast.text}</p>
            {toast.detail !== '' && <p className="toast__detail selectable">{toast.detail}</p>}
          </div>
          {toast.undo !== null && (
            <Button
              compact
              look="quiet"
              onClick={() => {
                toast.undo?.();
                props.onDismiss(toast.id);
              }}
            >
              {props.undoLabel}
            </Button>
          )}
          <IconButton
            size="small"
            label={props.closeLabel}
            icon={<X />}
            onClick={() => props.onDismiss(toast.id)}
          />
        </div>
      ))}
    </section>
  );
}
