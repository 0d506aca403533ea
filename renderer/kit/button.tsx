// Buttons. The verb is the text; icons alone carry a label and a tooltip.
import './button.css';
import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { cx } from './cx.ts';
import { Tip } from './tip.tsx';

type Base = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className' | 'style'>;

export type ButtonProps = Base & {
  readonly look?: 'plain' | 'primary' | 'danger' | 'quiet' | 'link';
  readonly compact?: boolean;
  readonly icon?: ReactNode;
};

export function Button(props: ButtonProps) {
  const { look = 'plain', compact = false, icon, children, type = 'button', ...rest } = props;
  return (
    <button {...rest} type={type} className={cx('button', `button--${look}`, compact && 'button--compact')}>
      {icon}
      {children !== undefined && <span className="button__text">{children}</span>}
    </button>
  );
}

export type IconButtonProps = Base & {
  readonly label: string;
  readonly icon: ReactNode;
  readonly pressed?: boolean;
  readonly tipSide?: 'top' | 'right' | 'bottom' | 'left';
  readonly size?: 'normal' | 'small' | 'rail';
};

export function IconButton(props: IconButtonProps) {
  const { label, icon, pressed, tipSide = 'bottom', size = 'normal', ...rest } = props;
  return (
    <Tip text={label} side={tipSide}>
      <button
        {...rest}
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        className={cx('icon-button', `icon-button--${size}`)}
      >
        {icon}
      </button>
    </Tip>
  );
}
