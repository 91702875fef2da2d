/**
 * Remove what the build scripts made.
 */
import { rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
for (const path of [
  'lib',
  '.dev',
  '../kt_notebook/labextension',
  '../kt_notebook/panel/static/panel.js'
]) {
  rmSync(resolve(root, path), { recursive: true, force: true });
}
