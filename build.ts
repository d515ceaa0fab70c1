/** Bundles the programs beside the compiled modules: one file loads sooner than a hundred. `npm run build` runs it after the compiler. */
import { rolldown } from 'rolldown';
import { PROGRAMS, packageFile } from './src/system/package-files.js';

const names = Object.values(PROGRAMS).map((path) => path.replace(/\.js$/, ''));

const bundle = await rolldown({
  cwd: packageFile('.'),
  input: Object.fromEntries(names.map((name) => [name, `${name}.ts`])),
  platform: 'node',
  resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  // Dependencies stay what npm installs: an audit sees them, and a mended one needs no release of ours.
  external: [/^node:/, 'commander', 'http-proxy-3', 'http2-wrapper', 'smol-toml'],
});
await bundle.write({
  dir: 'dist/bundle',
  cleanDir: true,
  format: 'esm',
  // What stack traces name with TLSFRONT_DEBUG=1.
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
});
await bundle.close();
