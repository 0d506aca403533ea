// A filled rack, drawn faintly behind the empty one. Decoration only.
const rows = [
  [0.3, 0.2, 0.12, 0.62, 0.4],
  [0.22, 0.18, 0.3, 0.5, 0.55],
  [0.12, 0.5, 0, 0.3, 0.7],
  [0.4, 0.1, 0.2, 0.66, 0.35],
  [0.2, 0.2, 0.1, 0.42, 0.25],
] as const;

export function GhostRack() {
  return (
    <div className="ghost-rack">
      {rows.map((parts, index) => (
        <div key={parts.join()} className="rack-grid rack-row">
          <span className="ghost-rack__name" />
          <div className="rack-meters ghost-rack__meters">
            {[0, 1].map((line) => (
              <div key={line} className="meter">
                <span className="meter__segments">
                  {parts.slice(0, 3).map((share, part) => (
                    <span
                      key={`${share}-${String(part)}`}
                      className="meter__segment"
                      data-hue={(index * 3 + part * 5 + line) % 12}
                      style={{ width: `${(share * (line === 0 ? 100 : 80)).toFixed(0)}%` }}
                    />
                  ))}
                </span>
              </div>
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}
