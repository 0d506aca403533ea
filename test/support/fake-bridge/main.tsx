// The development page: the product's window over the simulated cluster. `?scene=busy&theme=dark&lang=zh-CN#/tasks`
import '../../../renderer/bridge/quiet-zod.ts';
import { bridgeTo } from './bridge.ts';
import { FakeCluster } from './cluster.ts';
import { sceneNames } from './scenes.ts';

const query = new URLSearchParams(window.location.search);
const scene = sceneNames.find((name) => name === query.get('scene')) ?? 'busy';
const cluster = new FakeCluster(scene);
const theme = (['dark', 'light'] as const).find((name) => name === query.get('theme'));
const language = (['en', 'zh-CN'] as const).find((name) => name === query.get('lang'));
cluster.tables.change('settings', 'settings', { ...(theme && { theme }), ...(language && { language }) });
cluster.tables.takePatch();

Object.defineProperty(window, 'mesolite', { value: bridgeTo(cluster) });
Object.defineProperty(window, 'fakeCluster', { value: cluster });
await import('../../../renderer/app/main.tsx');
// After the snapshot: history comes as patches.
await new Promise((resolve) => setTimeout(resolve, 0));
if (scene !== 'large') cluster.backfill();
cluster.start();
