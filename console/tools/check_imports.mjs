// Who may import whom: features -> stores -> api; ui imports nothing of ours; a feature enters another only by a row here.
// Also: no file over 300 lines, no `any`.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../src', import.meta.url));
const linesMax = 300;
const lists = /\/(types\.ts|\w+\.json)$/; // made by a program, and flat lists

// room: what it may enter beside itself and packages
const rooms = {
  ui: [],
  api: [],
  stores: ['api'],
  'features/frame': ['stores', 'ui'],
  'features/login': ['stores', 'ui', 'features/frame'],
  'features/list': ['stores', 'ui'],
  'features/device': ['stores', 'ui'],
  'features/notice': ['stores', 'ui'],
  'features/account': ['stores', 'ui'],
  'features/inbox': ['stores', 'ui', 'features/list'],
  'features/incident': ['stores', 'ui', 'features/device', 'features/notice'],
  'features/devices': ['stores', 'ui', 'features/device', 'features/list'],
  'features/gateways': ['stores', 'ui', 'features/list'],
  'features/notices': ['stores', 'ui', 'features/notice', 'features/list'],
  'features/people': ['stores', 'ui', 'features/list'],
};

const roomOf = (path) => Object.keys(rooms).find((room) => path.startsWith(`${room}/`));

function* filesIn(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesIn(path);
    else yield path;
  }
}

function problemsOf(path, text) {
  const room = roomOf(path);
  const problems = [];
  if (path.includes('/') && room === undefined) return [`${path}: in no room that tools/check_imports.mjs knows`];
  if (text.split('\n').length - 1 > linesMax) problems.push(`${path}: over ${linesMax} lines`);
  if (/(:|<|\bas)\s*any\b/.test(text)) problems.push(`${path}: any`);
  for (const [, name] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)) {
    const target = posix.join(dirname(path), name);
    const entered = roomOf(target);
    if (room !== undefined && entered !== room && !rooms[room].includes(entered)) problems.push(`${path}: may not import ${target}`);
  }
  return problems;
}

let count = 0;
const problems = [];
for (const file of filesIn(src)) {
  const path = relative(src, file);
  if (lists.test(`/${path}`) || !/\.(ts|svelte)$/.test(path)) continue;
  count++;
  problems.push(...problemsOf(path, readFileSync(file, 'utf8')));
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`${count} files import only what they may`);
