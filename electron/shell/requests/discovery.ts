// Looking for machines: one search for a window, which ends with it or when another one is opened.
import { ok, type Refusal, refuse } from '../../contract/errors.ts';
import type { PushTo } from '../ipc.ts';
import type { Handlers, Sender } from '../ipc-gate.ts';
import type { Discovery, OpenSearch } from '../ports.ts';

type Names =
  | 'discovery:open'
  | 'discovery:probe'
  | 'discovery:stop-probe'
  | 'discovery:close'
  | 'discovery:known-key';
export type DiscoveryRequests = Pick<Handlers, Names> & {
  /** The window is gone or reloaded. */
  readonly endSearch: (from: Sender) => void;
};

type Own = { readonly searchId: number; search: OpenSearch | null; isClosed: boolean };

export function discoveryRequests(
  discovery: Discovery,
  pushFor: (from: Sender) => PushTo,
): DiscoveryRequests {
  const searches = new Map<number, Own>();
  let lastId = 0;
  const close = (from: Sender): void => {
    const own = searches.get(from.id);
    searches.delete(from.id);
    if (own === undefined) return;
    own.isClosed = true;
    void own.search?.close();
  };
  const searchOf = (from: Sender, searchId: number): OpenSearch | null => {
    const own = searches.get(from.id);
    return own?.searchId === searchId ? own.search : null;
  };
  return {
    'discovery:open': async (_request, from) => {
      close(from);
      lastId += 1;
      const own: Own = { searchId: lastId, search: null, isClosed: false };
      searches.set(from.id, own);
      const push = pushFor(from);
      const search = await discovery.open((change) => {
        if (!own.isClosed) push('discovery:change', { searchId: own.searchId, ...change });
      });
      own.search = search;
      // Closed, or replaced by another, while it was being opened.
      if (own.isClosed) {
        void search.close();
        return noSuchSearch();
      }
      return ok({ searchId: own.searchId, networks: search.networks() });
    },
    'discovery:probe': ({ searchId, network, ports }, from) =>
      searchOf(from, searchId)?.probe({ network, ports }) ?? noSuchSearch(),
    'discovery:stop-probe': ({ searchId }, from) => {
      searchOf(from, searchId)?.stopProbe();
      return ok(null);
    },
    'discovery:close': ({ searchId }, from) => {
      if (searches.get(from.id)?.searchId === searchId) close(from);
      return ok(null);
    },
    'discovery:known-key': async (asked) => ok(await discovery.knownKey(asked)),
    endSearch: close,
  };
}

function noSuchSearch(): { ok: false; refusal: Refusal } {
  return refuse('not-found', 'no-such-search', 'the search was closed');
}
