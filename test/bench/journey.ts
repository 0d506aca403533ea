/** The journey of the end-to-end tests, three times: how long the main process was blocked by its own doing. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { BenchReport } from './report.ts';
import { median, rounded } from './statistics.ts';

const rounds = 3;
const testScript = fileURLToPath(new URL('../../build/test.mjs', import.meta.url));

/** What `tellBlocking` of test/e2e/app.ts prints; times in ms. */
const blockingSchema = z.object({
  part: z.string(),
  ownMaxMs: z.number(),
  ownP99Ms: z.number(),
  wallMaxMs: z.number(),
  probes: z.number(),
  taken: z.number(),
});
type Blocking = z.infer<typeof blockingSchema>;

export async function benchJourney(say: (line: string) => void): Promise<BenchReport> {
  const own: number[] = [];
  const wall: number[] = [];
  const p99: number[] = [];
  let probes = 0;
  let taken = 0;
  for (let round = 0; round < rounds; round += 1) {
    const parts = await runJourney(say);
    own.push(Math.max(...parts.map((part) => part.ownMaxMs)));
    wall.push(Math.max(...parts.map((part) => part.wallMaxMs)));
    p99.push(Math.max(...parts.map((part) => part.ownP99Ms)));
    for (const part of parts) {
      probes += part.probes;
      taken += part.taken;
    }
  }
  return {
    blockedOwnMs: rounded(median(own), 1),
    blockedOwnP99Ms: median(p99),
    blockedWallMs: rounded(median(wall), 1),
    ownMsOfEachRun: own,
    probes,
    taken,
  };
}

function runJourney(say: (line: string) => void): Promise<Blocking[]> {
  const mark = 'main process blocked ';
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [testScript, 'e2e', 'journey'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      const lines = output.split('\n').filter((line) => line.startsWith(mark));
      for (const line of lines) say(line);
      if (code !== 0 || lines.length === 0) reject(new Error(`the journey failed:\n${output.slice(-2000)}`));
      else resolve(lines.map((line) => blockingSchema.parse(JSON.parse(line.slice(mark.length)))));
    });
  });
}
