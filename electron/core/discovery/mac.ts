// Hardware addresses: one form, and what their bits say (IEEE Std 802-2014, 8.2).

/** `aa:bb:cc:dd:ee:ff`, from the forms of Linux, macOS (`0:1c:b3:9:85:15`) and Windows; null for what is none. */
export function macOf(text: string): string | null {
  const parts = text.trim().toLowerCase().split(/[:-]/);
  if (parts.length !== 6 || !parts.every((part) => /^[0-9a-f]{1,2}$/.test(part))) return null;
  const mac = parts.map((part) => part.padStart(2, '0')).join(':');
  return mac === '00:00:00:00:00:00' || (firstByte(mac) & 1) === 1 ? null : mac;
}

/** Not given out by a maker: made up by a hypervisor, a container engine, or a phone that hides itself. */
export function isLocalMac(mac: string): boolean {
  return (firstByte(mac) & 2) === 2;
}

/** Who makes such addresses up, where it is known: QEMU's default, Docker's default bridge. */
export function makerOfLocal(mac: string): string | null {
  return mac.startsWith('52:54:00:') ? 'QEMU' : mac.startsWith('02:42:') ? 'Docker' : null;
}

/** Wanders between routers that stand in for each other: VRRP (RFC 5798, 7.3), HSRP, GLBP, CARP. It is no machine's own. */
export function isSharedByDesign(mac: string): boolean {
  return /^00:00:5e:00:0[12]:|^00:00:0c:07:ac:|^00:00:0c:9f:f|^00:07:b4:00:/.test(mac);
}

function firstByte(mac: string): number {
  return Number.parseInt(mac.slice(0, 2), 16);
}
