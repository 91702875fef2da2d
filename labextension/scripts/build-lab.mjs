/**
 * Bundle the JupyterLab extension with @jupyter/builder, against the core packages that it knows.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const find = createRequire(import.meta.url).resolve;
const builder = resolve(
  dirname(find('@jupyter/builder/package.json')),
  'lib/build-labextension.js'
);
const core = createRequire(builder).resolve('@jupyterlab/core-meta/core.package.json');

const { status } = spawnSync(
  process.execPath,
  [builder, '--core-package-file', core, ...process.argv.slice(2), root],
  {
    stdio: 'inherit'
  }
);
process.exit(status ?? 1);
