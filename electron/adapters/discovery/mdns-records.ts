// From DNS records to machines (RFC 6762, RFC 6763): a service (PTR) has a place (SRV), words about itself (TXT), and the
// place has addresses (A, AAAA). They come in any order and in any number of packets; all of it is a stranger's word.
import type { Answer } from 'dns-packet';
import { ipOf } from './addresses.ts';
import type { Seen } from './source.ts';

/** Of the types of RFC 6763 and dns-sd.org that machines with a login are likely to have. */
const serviceTypes = ['_ssh._tcp', '_sftp-ssh._tcp', '_workstation._tcp', '_device-info._tcp'] as const;
type ServiceType = (typeof serviceTypes)[number];
const loginTypes: ReadonlySet<ServiceType> = new Set(['_ssh._tcp', '_sftp-ssh._tcp']);

const limits = { instances: 1024, hosts: 1024, addressesOfHost: 16, nameChars: 255 } as const;

type Instance = {
  readonly label: string;
  readonly type: ServiceType;
  host: string | null;
  port: number;
  model: string | null;
};
/** Each address with who said it. */
type Host = { readonly addresses: Map<string, string> };
export type Question = { readonly name: string; readonly type: 'PTR' | 'SRV' | 'TXT' | 'A' | 'AAAA' };

export const firstQuestions: readonly Question[] = serviceTypes.map((type) => ({
  name: `${type}.local`,
  type: 'PTR',
}));

/** The name under which an address would have a name: `5.1.168.192.in-addr.arpa`. */
export function reverseName(v4: string): string {
  return `${v4.split('.').toReversed().join('.')}.in-addr.arpa`;
}

/** Names in the DNS do not differ by case (RFC 6762, 16); only ASCII letters have one there. */
function lower(name: string): string {
  return name.slice(0, limits.nameChars).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

export class MdnsRecords {
  readonly #instances = new Map<string, Instance>();
  readonly #hosts = new Map<string, Host>();
  readonly #models = new Map<string, string>();
  readonly #reverse = new Map<string, string>();

  /** `from`: who sent it. Gives what has changed: sightings, and keys of what said good-bye. */
  take(
    records: readonly Answer[],
    from: string,
  ): { readonly seen: readonly Seen[]; readonly gone: readonly string[] } {
    const gone: string[] = [];
    const touched = new Set<string>();
    // Who is where, before what is there: one packet usually tells both.
    for (const record of records) {
      if (record.type === 'PTR') this.#pointer(record, from, { gone, touched });
    }
    for (const record of records) {
      if (record.type === 'SRV') this.#place(record, touched);
      else if (record.type === 'TXT') this.#words(record, touched);
    }
    for (const record of records) {
      if (record.type === 'A' || record.type === 'AAAA') this.#address(record, from, touched);
    }
    const seen = [...touched].flatMap((key) => this.#seenOf(key));
    return { seen, gone };
  }

  /** What is still to be asked to make machines of what came. */
  openQuestions(): Question[] {
    const open: Question[] = [];
    for (const [name, { host, type, label, model }] of this.#instances) {
      if (host === null && type !== '_device-info._tcp') open.push({ name, type: 'SRV' });
      if (model === null && !this.#models.has(lower(label))) {
        open.push({ name: `${label}._device-info._tcp.local`, type: 'TXT' });
      }
      if (host !== null && (this.#hosts.get(host)?.addresses.size ?? 0) === 0) {
        open.push({ name: host, type: 'A' }, { name: host, type: 'AAAA' });
      }
    }
    return open;
  }

  #pointer(
    { name, data, ttl }: { name: string; data: string; ttl?: number | undefined },
    from: string,
    { gone, touched }: { gone: string[]; touched: Set<string> },
  ): void {
    const asked = lower(name);
    if (asked.endsWith('.in-addr.arpa')) {
      // Only a machine itself may say what it is called.
      if (asked !== reverseName(from) || this.#reverse.size >= limits.hosts) return;
      this.#reverse.set(from, lower(data));
      touched.add(`address ${from}`);
      return;
    }
    const type = serviceTypes.find((each) => asked === `${each}.local`);
    const instance = lower(data);
    if (type === undefined || !instance.endsWith(`.${type}.local`)) return;
    if (ttl === 0) {
      if (this.#instances.delete(instance)) gone.push(instance);
      touched.delete(instance);
      return;
    }
    if (!this.#instances.has(instance)) {
      if (this.#instances.size >= limits.instances) return;
      const label = data.slice(0, -`.${type}.local`.length).slice(0, limits.nameChars);
      this.#instances.set(instance, { label, type, host: null, port: 0, model: null });
    }
    touched.add(instance);
  }

  #place(
    { name, data }: { name: string; data: { port?: number; target: string } },
    touched: Set<string>,
  ): void {
    const instance = this.#instances.get(lower(name));
    if (instance === undefined) return;
    instance.host = lower(data.target);
    instance.port = data.port ?? 0;
    touched.add(lower(name));
  }

  #words({ name, data }: { name: string; data: unknown }, touched: Set<string>): void {
    const pieces = (Array.isArray(data) ? data : [data]).slice(0, 32).map(String);
    const model = pieces.find((piece) => /^model=/i.test(piece))?.slice('model='.length);
    const key = lower(name);
    if (model === undefined) return;
    const instance = this.#instances.get(key);
    if (instance !== undefined) {
      instance.model = model;
      touched.add(key);
    }
    const suffix = '._device-info._tcp.local';
    if (!key.endsWith(suffix) || this.#models.size >= limits.instances) return;
    const label = key.slice(0, -suffix.length);
    this.#models.set(label, model);
    for (const [other, each] of this.#instances) if (lower(each.label) === label) touched.add(other);
  }

  #address(
    { name, data, ttl }: { name: string; data: string; ttl?: number | undefined },
    from: string,
    touched: Set<string>,
  ): void {
    const key = lower(name);
    // A link-local one is on the cable that it was heard from.
    const [, zone] = from.split('%');
    const address = ipOf(data) ?? (zone === undefined ? null : ipOf(`${data}%${zone}`));
    const known = this.#hosts.get(key);
    if (address === null || (known === undefined && this.#hosts.size >= limits.hosts)) return;
    const host = known ?? { addresses: new Map() };
    this.#hosts.set(key, host);
    // Nobody takes away, or takes over, what a machine has said of its own address.
    if (host.addresses.get(address) === address && from !== address) return;
    if (ttl === 0) host.addresses.delete(address);
    else if (host.addresses.size < limits.addressesOfHost) host.addresses.set(address, from);
    for (const [instance, each] of this.#instances) if (each.host === key) touched.add(instance);
  }

  #seenOf(key: string): Seen[] {
    if (key.startsWith('address ')) {
      const address = key.slice('address '.length);
      const name = this.#reverse.get(address);
      return name === undefined ? [] : [{ key, address, names: [name] }];
    }
    const instance = this.#instances.get(key);
    return instance === undefined ? [] : [this.#seenOfInstance(key, instance)];
  }

  /** It is where it was heard from only when it says so itself: others may speak for it (reflectors, sleep proxies). */
  #seenOfInstance(key: string, { label, type, host, port, model }: Instance): Seen {
    const addresses = this.#hosts.get(host ?? '')?.addresses ?? new Map<string, string>();
    const own = [...addresses].find(([address, from]) => address === from);
    return {
      key,
      ...titleOf(type, label),
      address: own?.[0] ?? null,
      claims: [...addresses.keys()],
      names: host === null ? [] : [host],
      model: model ?? this.#models.get(lower(label)) ?? null,
      services: [type],
      ports: loginTypes.has(type) && port > 0 ? [{ port, state: 'said', banner: null }] : [],
    };
  }
}

/** Avahi's workstations are called `name [hardware address]`. */
function titleOf(type: ServiceType, label: string): Pick<Seen, 'label' | 'mac'> {
  const parts = type === '_workstation._tcp' ? /^(.*) \[([0-9a-f:]{17})\]$/i.exec(label) : null;
  return { label: parts?.[1] ?? label, mac: parts?.[2] ?? null };
}
