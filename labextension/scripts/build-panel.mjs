/**
 * Bundle the panel for anywidget hosts: one ES module, the style sheet inside.
 */
import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const outfile = resolve(root, '../kt_notebook/panel/static/panel.js');
/** Of the gzipped module: what a view of the panel may take to arrive. */
const MAX_GZIP_BYTES = 100 * 1024;

/** Import a style sheet as one minified string, its own imports bundled in. */
export const cssAsText = {
  name: 'css-as-text',
  setup(plugin) {
    plugin.onLoad({ filter: /\.css$/ }, async ({ path, pluginData }) => {
      if (pluginData === 'inner') {
        return undefined;
      }
      const built = await build({ entryPoints: [path], bundle: true, minify: true, write: false });
      return { contents: built.outputFiles[0].text.trim(), loader: 'text' };
    });
  }
};

async function main() {
  await build({
    absWorkingDir: root,
    entryPoints: ['src/widget.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2021',
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    plugins: [cssAsText],
    logLevel: 'warning'
  });
  const code = await readFile(outfile);
  const kib = bytes => `${(bytes / 1024).toFixed(1)} KiB`;
  const zipped = gzipSync(code).length;
  console.log(
    `${relative(process.cwd(), outfile)}: ${kib(code.length)} raw, ${kib(zipped)} gzipped`
  );
  if (zipped > MAX_GZIP_BYTES) {
    throw new Error(
      `The panel's bundle has ${kib(zipped)} gzipped, more than ${kib(MAX_GZIP_BYTES)}. Each widget carries it whole.`
    );
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
}
