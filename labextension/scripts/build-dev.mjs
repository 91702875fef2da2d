/**
 * Build the page that shows the panel with a made-up search, into .dev; `--serve` serves it.
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';
import { cssAsText } from './build-panel.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const outdir = resolve(root, '.dev');
await mkdir(outdir, { recursive: true });
await copyFile(resolve(root, 'dev/index.html'), resolve(outdir, 'index.html'));
const page = await context({
  absWorkingDir: root,
  entryPoints: ['dev/main.ts'],
  outdir,
  bundle: true,
  format: 'iife',
  sourcemap: 'inline',
  plugins: [cssAsText],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  logLevel: 'info'
});
if (process.argv.includes('--serve')) {
  const { port } = await page.serve({ servedir: outdir });
  console.log(`http://localhost:${port}/?scene=running&live`);
} else {
  await page.rebuild();
  await page.dispose();
}
