// Amounts with their units. Fixed precision, so that figures do not jump in width while they change.

/** Thousandths of a CPU: `0.25`, `3.2`, `12`. */
export function cpus(milli: number): string {
  const value = milli / 1000;
  if (value === 0) return '0';
  if (value < 1) return value.toFixed(2).replace(/0$/, '');
  if (value < 100) return value.toFixed(1).replace(/\.0$/, '');
  return Math.round(value).toString();
}

/** As `cpus`, but always with one decimal: for values that change each second. */
export function cpusLive(milli: number): string {
  return milli < 99_950 ? (milli / 1000).toFixed(1) : Math.round(milli / 1000).toString();
}

const binaryUnits = ['MiB', 'GiB', 'TiB', 'PiB'] as const;

export function mib(amount: number): string {
  let value = amount;
  let unit = 0;
  while (value >= 1024 && unit < binaryUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const text =
    unit === 0 || value >= 100 ? Math.round(value).toString() : value.toFixed(1).replace(/\.0$/, '');
  return `${text} ${binaryUnits[unit]}`;
}

/** Used and total in the unit of the total: `3.1 / 15.6 GiB`. */
export function mibOf(used: number, total: number): string {
  let unit = 0;
  let scale = 1;
  while (total / scale >= 1024 && unit < binaryUnits.length - 1) {
    scale *= 1024;
    unit += 1;
  }
  const show = (value: number) => {
    const scaled = value / scale;
    return unit === 0 || scaled >= 100 ? Math.round(scaled).toString() : scaled.toFixed(1);
  };
  return `${show(used)} / ${show(total).replace(/\.0$/, '')} ${binaryUnits[unit]}`;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytes(amount: number): string {
  let value = amount;
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const text = unit === 0 || value >= 100 ? Math.round(value).toString() : value.toFixed(1);
  return `${text} ${byteUnits[unit]}`;
}

export function bytesPerS(amount: number): string {
  return `${bytes(amount)}/s`;
}

export function celsius(milliC: number): string {
  return `${Math.round(milliC / 1000)} °C`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
