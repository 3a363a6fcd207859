// Unit tests: every src/**/*_test.ts is built by Vite (so that .svelte.ts stores work too) and run by node's own runner.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

function testsIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testsIn(path);
    return entry.name.endsWith('_test.ts') ? [path] : [];
  });
}

const tests = testsIn('src');
const out = mkdtempSync(join(tmpdir(), 'console-test-'));
try {
  const input = Object.fromEntries(tests.map((path) => [relative('src', path).replaceAll('/', '-').replace(/\.ts$/, ''), path]));
  await build({
    logLevel: 'error',
    build: { ssr: true, outDir: out, emptyOutDir: true, copyPublicDir: false, rollupOptions: { input, output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' } } },
    ssr: { noExternal: true },
  });
  const files = Object.keys(input).map((name) => join(out, `${name}.mjs`));
  const { status } = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit', env: { ...process.env, TZ: 'America/New_York' } });
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
