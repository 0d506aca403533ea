// Dialog on the accessible primitive: title, body, a row of buttons. The title is its accessible name.
import './dialog.css';
import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react';
import { IconButton } from './button.tsx';
import { cx } from './cx.ts';

export type DialogProps = {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly closeLabel: string;
  readonly onClose: () => void;
  /** Enter submits when given. */
  readonly onSubmit?: () => void;
  readonly buttons?: ReactNode;
  readonly size?: 'narrow' | 'normal' | 'wide';
  readonly isAlert?: boolean;
  /** What came back after a submit: with another answer the first wrong field is looked for again. */
  readonly answer?: unknown;
  /** Between body and buttons, in sight wherever the body is scrolled to. */
  readonly strip?: ReactNode;
  readonly children?: ReactNode;
};

/** The first field; where something gets lost, the button that does nothing. Never the cross. */
function firstFocus(popup: HTMLElement | null, isAlert: boolean): HTMLElement | null {
  const field =
    popup?.querySelector<HTMLElement>('[data-first]') ??
    popup?.querySelector<HTMLElement>('.dialog__body input, .dialog__body textarea') ??
    null;
  const button = popup?.querySelector<HTMLElement>('.dialog__foot button') ?? null;
  return (isAlert ? button : (field ?? button)) ?? popup;
}

/** The first field that is wrong gets the focus, once it is drawn: its fault may open what is folded. */
function focusFault(popup: HTMLElement | null): void {
  requestAnimationFrame(() => {
    const field = popup?.querySelector<HTMLElement>('[aria-invalid=true]');
    field?.focus({ preventScroll: true });
    // In the middle, so that the words below it are seen as well.
    field?.scrollIntoView({ block: 'center' });
  });
}

export function Dialog(props: DialogProps) {
  const { title, lead, closeLabel, onClose, onSubmit, buttons, size = 'normal', children } = props;
  const popup = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (props.answer !== null && props.answer !== undefined) focusFault(popup.current);
  }, [props.answer]);
  const hasBody = children !== undefined && children !== null && children !== false;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit?.();
    focusFault(popup.current);
  };
  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="dialog-shade" />
        <Base.Viewport className="dialog-place">
          <Base.Popup
            className={cx('dialog', `dialog--${size}`)}
            role={props.isAlert === true ? 'alertdialog' : 'dialog'}
            ref={popup}
            initialFocus={() => firstFocus(popup.current, props.isAlert === true)}
          >
            <form className="dialog__form" onSubmit={submit} noValidate>
              <header className="dialog__head">
                <div className="grow">
                  <Base.Title className="dialog__title">{title}</Base.Title>
                  {lead !== undefined && <Base.Description className="dialog__lead">{lead}</Base.Description>}
                </div>
                <IconButton label={closeLabel} icon={<X />} onClick={onClose} />
              </header>
              {hasBody && <div className="dialog__body">{children}</div>}
              {props.strip}
              {buttons !== undefined && <footer className="dialog__foot">{buttons}</footer>}
            </form>
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  );
}
