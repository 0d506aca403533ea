// The same runtime without Electron: `node dist/main/headless.cjs` keeps the cluster and prints lines.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startDemoIfAsked } from './shell/demo.ts';
import { printMachines, sayKept } from './shell/lines.ts';
import { openLogFile } from './shell/log-file.ts';
import { defaultDataFolder, makeDataFolder, readPlaces } from './shell/places.ts';
import { createQuit } from './shell/quit.ts';
import { openRuntime } from './shell/runtime.ts';
import { troubleLine } from './shell/trouble.ts';

async function main(): Promise<void> {
  const distFolder = path.dirname(__dirname);
  const dataFolder = path.resolve(
    process.env.MESOLITE_DATA ?? defaultDataFolder(process.env, process.platform),
  );
  const places = readPlaces(process.env, dataFolder, distFolder);
  const problem = makeDataFolder(dataFolder);
  if (problem !== null) {
    process.stderr.write(`${problem}\n`);
    process.exit(1);
  }
  const { log, flush } = openLogFile(path.join(dataFolder, 'logs'));
  log('info', 'start', { version: readVersion(distFolder), node: process.versions.node, pid: process.pid });
  const opened = await openRuntime({ places, appVersion: readVersion(distFolder), log });
  if (opened.kind === 'trouble') {
    log('error', 'data-trouble', { kind: opened.trouble.kind, detail: opened.trouble.detail });
    await flush();
    process.stderr.write(`${troubleLine(opened.trouble)}\n`);
    process.exit(1);
  }
  const { runtime } = opened;
  process.stdout.write(
    `Mesolite runs without a window, with the data in ${dataFolder}. Stop it with Ctrl-C.\n`,
  );
  void startDemoIfAsked(process.argv, runtime.demo, log);
  const printer = printMachines(() => runtime.master.snapshot(), process.stdout, Date.now);
  process.stdout.on('error', printer.stop);
  const quit = createQuit({
    runningTasks: runtime.runningLocalTasks,
    setting: () => runtime.settings().onQuit,
    remember: (onQuit) => runtime.master.command({ kind: 'change-settings', settings: { onQuit } }),
    ask: () => false,
    close: async (end) => {
      printer.stop();
      if (end === 'keep') sayKept(runtime.runningLocalTasks());
      await runtime.close(end);
      await flush();
    },
    exit: (code) => process.exit(code),
    log,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => quit.request(false));
}

function readVersion(distFolder: string): string {
  try {
    const about = JSON.parse(readFileSync(path.join(distFolder, '..', 'package.json'), 'utf8')) as {
      version: string;
    };
    return about.version;
  } catch {
    return 'unknown';
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`Mesolite could not start: ${String(error)}\n`);
  process.exit(1);
});
