// zod probes for `new Function` when it builds a schema; the page's CSP forbids that and would report it. The window never
// parses, it only takes a few lists from the contract. Must be the first import of the entry.
import { config } from 'zod';

config({ jitless: true });
