// What a numbered migration is. A file apart, so that migrations and the list of them form no cycle.

/** The last statement sets `user_version`: within the transaction, and literal like all the others. */
export type Migration = { readonly version: number; readonly statements: readonly string[] };
