// What a bench answers with.

export type BenchReport = Readonly<Record<string, number | string | readonly number[]>>;
