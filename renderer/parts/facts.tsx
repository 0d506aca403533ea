// A list of facts: term and value, the value selectable. Facts without a value are left out.
import type { ReactNode } from 'react';

export type Fact = readonly [term: string, value: ReactNode];

export function Facts({ facts }: { readonly facts: readonly (Fact | null)[] }) {
  return (
    <dl className="facts">
      {facts.map((fact, index) => {
        if (fact === null || fact[1] === '' || fact[1] === null || fact[1] === undefined) return null;
        const [term, value] = fact;
        return (
          // A term may stand twice: two addresses of one interface.
          <div key={`${term} ${String(index)}`} className="facts__row">
            <dt>{term}</dt>
            <dd className="selectable">{value}</dd>
          </div>
        );
      })}
    </dl>
  );
}

export function Section(props: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className="section">
      <header className="section__head">
        <h3>{props.title}</h3>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}
