// @vitest-environment node
// What agents and the master say of tasks, in Chinese: each sentence is one that is really said, and the other way round.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { enSaid } from '../../../../renderer/app/messages/en-said.ts';
import { said } from '../../../../renderer/app/messages/said.ts';
import { wordsFor } from '../../../../renderer/app/messages/words.ts';

const en = wordsFor('en');
const zh = wordsFor('zh-CN');
const root = fileURLToPath(new URL('../../../..', import.meta.url));

function sourcesIn(folder: string, ending: RegExp): string {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name) && !name.endsWith('_test.go'))
    .map((name) => readFileSync(path.join(root, folder, name), 'utf8'))
    .join('\n');
}

/** Every piece of English between two holes, as long as it says something. */
const piecesOf = (text: string) => text.split(/\{\w+\}/).filter((piece) => /[a-z]{4,}/i.test(piece));

/** Made from parts, or by the C library. */
const made = new Set([
  'said.pids-once',
  'said.gave-up-one',
  'said.exit',
  'said.in-row',
  'said.in-row-two',
  'said.killed-between',
  'said.killed-before',
]);
const byLibrary = Object.keys(enSaid).slice(
  Object.keys(enSaid).indexOf('said.denied'),
  Object.keys(enSaid).indexOf('said.part'),
);

it('knows only sentences that are in the sources of the agent or the app', () => {
  const sources = sourcesIn('native/agent/internal', /\.go$/) + sourcesIn('electron', /\.ts$/);
  const invented = Object.entries(enSaid)
    .filter(([key]) => !made.has(key) && !byLibrary.includes(key))
    .filter(([, text]) => !piecesOf(text).every((piece) => sources.includes(piece.trim())));
  expect(invented).toEqual([]);
});

/** A format of Go with something in each hole. */
function filled(format: string): string {
  return format
    .replace(/%(\.\d+)?d/g, '7')
    .replace(/%(\.\d+)?q/g, '"x"')
    .replace(/%(\.\d+)?[svw]/g, 'xyz')
    .replace(/\\"/g, '"')
    .replace(/ $/, ' xyz');
}

it.each(['download.go', 'unpack.go', 'zip.go'])('leaves nothing in English of what %s can meet', (file) => {
  const source = readFileSync(path.join(root, 'native/agent/internal/fetch', file), 'utf8');
  const formats = [...source.matchAll(/(?:fmt\.Errorf|errors\.New)\("((?:[^"\\]|\\.)*)"/g)];
  expect(formats.length).toBeGreaterThan(2);
  const left = formats
    .map(([, format = '']) => filled(format))
    .filter((text) => /[a-z]{4,} [a-z]{2,} /.test(said(text, zh)));
  expect(left).toEqual([]);
});

const spoken: readonly (readonly [string, string])[] = [
  ['exited with code 3; given up after 5 restarts', '以退出码 3 结束，重启 5 次后放弃'],
  ['killed on request: exited with code 143', '按请求终止：以退出码 143 结束'],
  [
    'killed on request; its shim was killed too, so its exit status is unknown',
    '按请求终止，它的看护进程也被终止，因此退出状态未知',
  ],
  ['not done within 5 min; killed by signal 15 (TERM)', '未能在 5 分 内完成，被信号 15 (TERM) 终止'],
  [
    'unhealthy: port 8080: connection refused three times in a row; killed by signal 15 (TERM)',
    '不健康：端口 8080：连接被拒绝（连续 3 次），被信号 15 (TERM) 终止',
  ],
  ['unhealthy: no answer in 5 s twice in a row', '不健康：5 秒 内没有回答（连续 2 次）'],
  ['not ready: exited with code 1', '尚未就绪：以退出码 1 结束'],
  [
    'out of memory: used 64 MiB of its limit of 64 MiB, and 2 processes of it were ended; exited with code 1',
    '内存不足：用了 64 MiB，上限 64 MiB，它的 2 个进程被结束，以退出码 1 结束',
  ],
  [
    "out of memory: the machine, or this agent's share of it, had no more; it used 9 MiB; killed by signal 9 (KILL)",
    '内存不足：机器或分给这个 agent 的内存已用完；它用了 9 MiB，被信号 9 (KILL) 终止',
  ],
  ['the machine was declared gone', '机器已被宣告消失'],
  ['killed before it was started', '在启动前被终止'],
  ['train (priority -7, role eng/dev)', 'train（优先级 -7，角色 eng/dev）'],
  ['made room for train (priority 5, role *)', '为 train（优先级 5，角色 *）腾出了空间'],
  ['ended with its group because of web: exited with code 3', '因同组的 web 而结束：以退出码 3 结束'],
  ['cannot start: /opt/x: permission denied', '无法启动：/opt/x：没有权限'],
  ['cannot start: nope: command not found', '无法启动：nope：找不到命令'],
  [
    'cannot start: fetch http://h/x.tgz: the server answered 404 Not Found',
    '无法启动：下载 http://h/x.tgz：服务器回答 404 Not Found',
  ],
  [
    'cannot start: unpack in.zip (uploaded, 0123456789ab…): its entry "../x" leads out of the sandbox',
    '无法启动：解包 in.zip（已上传，0123456789ab…）：其中的 "../x" 指向沙箱之外',
  ],
  [
    'cannot start: cannot pull x/y: the registry cannot be reached (dial tcp: i/o timeout)',
    '无法启动：无法拉取 x/y：无法连接镜像仓库（dial tcp: i/o timeout）',
  ],
];

it('knows every sentence that the master itself says of a task', () => {
  const sources = ['task-answers', 'reconcile', 'agents'].map((name) =>
    sourcesIn('electron/core/master', new RegExp(`^${name}\\.ts$`)),
  );
  const messages = [...sources.join('\n').matchAll(/message: '([^']+)'/g)].map(([, text = '']) => text);
  expect(messages.length).toBeGreaterThan(5);
  expect(messages.filter((text) => said(text, zh) === text)).toEqual([]);
});

/** In the detail of a refusal, of whatever part of the program. */
const refused: readonly (readonly [string, string])[] = [
  ['cpusMilli: 3000 held, limit 1000', 'cpusMilli：已占用 3000，上限 1000'],
  ['memMib: 9000 guaranteed, 8000 there', 'memMib：保证 9000，共有 8000'],
  [
    'cpusMilli: 9000 set aside, 500 used by tasks, 8000 there',
    'cpusMilli：划出 9000，任务占用 500，共有 8000',
  ],
  [
    'lab: cpusMilli 0 wanted, 900 used by train, job-2',
    'lab：cpusMilli 需要 0，其中 900 由 train, job-2 占用',
  ],
  ['eng: gpus 3, limit 2', 'eng：gpus 3，上限 2'],
  ['"a b": it has white space or a character that cannot be seen', '"a b"：含有空白或看不见的字符'],
  ['"x/..": ".." is no name', '"x/.."：“..”不是名称'],
  ['10.0.0.9:22: no answer within 10 s', '10.0.0.9:22：10 秒 内没有回答'],
  ['/home/ada: 12 MiB free, 64 needed', '/home/ada：剩余 12 MiB，需要 64 MiB'],
  ['ada: the server offers publickey, password', 'ada：服务器提供 publickey, password'],
  ['now held by m-1234', '现在由 m-1234 管理'],
  ['cpusMilli: limit 100, request 500', 'cpusMilli：上限 100，请求 500'],
  ['readiness: the command is empty', 'readiness：命令为空'],
  ['wants podman, the machine has docker', '需要 podman，机器上有 docker'],
];

it.each(refused)('says the detail %j in Chinese', (english, chinese) => {
  expect(said(english, zh)).toBe(chinese);
  expect(said(english, en)).toBe(english);
});

it('says when a maintenance was over as a day and a time', () => {
  const atMs = Date.UTC(2026, 5, 1, 12);
  expect(said(`it ended at ${atMs}`, zh)).toBe(`已于 ${zh.dateTime(atMs)} 结束`);
  expect(said(`it ended at ${atMs}`, en)).toBe(`it ended at ${en.dateTime(atMs)}`);
});

it('knows every sentence with which the master refuses a person', () => {
  const sources =
    sourcesIn('electron/core/master', /^[\w-]+\.ts$/) + sourcesIn('electron/shell', /^save-.*\.ts$/);
  const details = [...sources.matchAll(/(?:detail: |no\('[\w-]+', '[\w-]+', )'([^']+ [^']+)'/g)].map(
    ([, text = '']) => text,
  );
  expect(details.length).toBeGreaterThan(12);
  expect(details.filter((text) => said(text, zh) === text)).toEqual([]);
});

describe('a whole message', () => {
  it.each(spoken)('%s', (english, chinese) => {
    expect(said(english, zh)).toBe(chinese);
    expect(said(english, en).replaceAll(', ', '; ')).toBe(english.replaceAll(', ', '; '));
  });

  it.each(['', 'the whale sank', 'a: b; c: d', '; ', 'why (not)'])('leaves %j as it is', (text) => {
    expect(said(text, zh).replaceAll('，', '; ')).toBe(text);
  });
});
