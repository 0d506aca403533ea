// The name in the first column of a row: the way in.
import './rows.css';
import type { MouseEvent } from 'react';

export function RowDoor(props: {
  readonly name: string;
  readonly title?: string;
  readonly isShut?: boolean;
  readonly onOpen: (event: MouseEvent) => void;
}) {
  const { name, title, isShut = false, onOpen } = props;
  return (
    <button type="button" className="row-door clip" disabled={isShut} title={title} onClick={onOpen}>
      {name}
    </button>
  );
}
