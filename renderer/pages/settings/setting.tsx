// One setting: words at the left, its control at the right.
import type { ReactNode } from 'react';

export function Setting(props: {
  readonly title: string;
  readonly hint?: string;
  readonly children: ReactNode;
}) {
  return (
    <div className="setting">
      <div className="setting__words">
        <p>{props.title}</p>
        {props.hint !== undefined && <p className="dim">{props.hint}</p>}
      </div>
      <div className="setting__control">{props.children}</div>
    </div>
  );
}
