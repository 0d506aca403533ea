// State glyphs: each state has its own shape, so that colour is never alone.
import './glyph.css';
import { cx } from './cx.ts';

export type GlyphKind =
  | 'healthy'
  | 'working'
  | 'waiting'
  | 'failed'
  | 'unknown'
  | 'stopped'
  | 'done'
  | 'past';

function Shape({ kind }: { readonly kind: GlyphKind }) {
  switch (kind) {
    case 'healthy':
      return <circle cx="8" cy="8" r="4.5" fill="currentColor" />;
    case 'working':
      return (
        <>
          <circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" strokeWidth="2" opacity="0.25" />
          <path
            className="glyph__arc"
            d="M8 3a5 5 0 0 1 5 5"
            fill="none"
            stroke="currentColor"
            strokeWidth="2"
            strokeLinecap="round"
          />
        </>
      );
    case 'waiting':
      return <circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" strokeWidth="2" />;
    case 'failed':
      return (
        <path
          d="M4.2 4.2l7.6 7.6M11.8 4.2l-7.6 7.6"
          stroke="currentColor"
          strokeWidth="2.2"
          strokeLinecap="round"
        />
      );
    case 'unknown':
      return (
        <circle
          cx="8"
          cy="8"
          r="5"
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          strokeDasharray="3.2 2.03"
        />
      );
    case 'past':
      return <circle cx="8" cy="8" r="3" fill="currentColor" />;
    case 'stopped':
      return <path d="M4 8h8" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />;
    case 'done':
      return (
        <path
          d="M3.5 8.4l3 3 6-6.6"
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      );
  }
}

/** Without a label it is decoration beside a text that says the same. */
export function Glyph(props: { readonly kind: GlyphKind; readonly label?: string; readonly size?: number }) {
  const { kind, label, size = 14 } = props;
  const a11y =
    label === undefined
      ? ({ 'aria-hidden': true } as const)
      : ({ role: 'img', 'aria-label': label } as const);
  return (
    <svg className={cx('glyph', `t-${kind}`)} viewBox="0 0 16 16" width={size} height={size} {...a11y}>
      <Shape kind={kind} />
    </svg>
  );
}
