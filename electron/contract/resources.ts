// Resources in the shape of Mesos (scalars and ranges), but as integers: CPU in thousandths, memory and disk in MiB.
import { z } from 'zod';

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const portRangeSchema = z.object({
  begin: z.number().int().min(0).max(65535),
  end: z.number().int().min(0).max(65535),
});

export const resourcesSchema = z.object({
  cpusMilli: count,
  memMib: count,
  diskMib: count,
  gpus: count,
  ports: z.array(portRangeSchema).max(256),
});
export type Resources = z.infer<typeof resourcesSchema>;
export type PortRange = z.infer<typeof portRangeSchema>;

export const noResources: Resources = { cpusMilli: 0, memMib: 0, diskMib: 0, gpus: 0, ports: [] };
