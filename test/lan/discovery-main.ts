/**
 * A search of the app in a process of its own, on the desk of a LAN. What it tells goes out as lines of JSON; probes come in the
 * same way. When its standard input ends, the search is closed, and the process ends by itself: whatever kept it would be left.
 */
import { createInterface } from 'node:readline';
import { createDiscovery } from '../../electron/adapters/discovery/search.ts';

const tell = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`);
const [vendorFile = ''] = process.argv.slice(2);
const search = await createDiscovery(vendorFile).open((change) => tell({ change }));
tell({ networks: search.networks() });
createInterface({ input: process.stdin })
  .on('line', (line) => tell({ answer: search.probe(JSON.parse(line)) }))
  .on('close', () => void search.close().then(() => tell({ closed: true })));
