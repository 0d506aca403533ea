// The mark: a burst of slender crystals, as mesolite grows; two tones, readable at 16 px.
const needles = [
  { deg: -62, length: 8.2 },
  { deg: -38, length: 10.6 },
  { deg: -13, length: 12.4 },
  { deg: 13, length: 11.6 },
  { deg: 38, length: 10.8 },
  { deg: 62, length: 7.8 },
] as const;

export function Mark({ size = 22 }: { readonly size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      {needles.map(({ deg, length }, index) => (
        <path
          key={deg}
          d={`M12 20.5 L${12 - 1.05} ${20.5 - length * 0.72} L12 ${20.5 - length * 1.36} L${12 + 1.05} ${20.5 - length * 0.72}Z`}
          transform={`rotate(${deg} 12 20.5)`}
          fill={index % 2 === 0 ? 'var(--accent)' : 'color-mix(in oklab, var(--accent) 45%, var(--text))'}
        />
      ))}
    </svg>
  );
}
