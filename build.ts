/** Bundles the programs beside the compiled modules: a few files load sooner than a hundred. `npm run build` runs it after the compiler. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { rolldown } from 'rolldown';
import { PROGRAMS, packageFile } from './src/system/package-files.js';

/**
 * What a program loads each time that it starts lies in one file with all that it needs, in place of a file for each set of modules that
 * other parts share; they take it from there. Earlier rows keep what later ones need too: `--version` loads the first alone.
 */
const STARTS: Readonly<Record<string, readonly (readonly [name: string, modules: RegExp])[]>> = {
  command: [
    ['process', /[\\/]src[\\/](terminal[\\/]console|system[\\/]release)\.ts$/],
    ['command-line', /[\\/]src[\\/]command-line[\\/]main\.ts$/],
    ['start', /[\\/]src[\\/](commands[\\/]serve|options[\\/]resolve|system[\\/]platform)\.ts$/],
  ],
  router: [['start', /[\\/]proxy[\\/]direct[\\/]engine\.ts$/]],
};

const folder = packageFile('dist/bundle');
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
// Node loads CommonJS sooner than modules (a fifth of a start), and text without comments sooner than with them.
await writeFile(`${folder}/package.json`, '{ "type": "commonjs" }\n');
for (const [program, path] of Object.entries(PROGRAMS)) {
  const name = path.replace(/\.js$/, '');
  const groups = STARTS[program]?.map(([name, test], index) => ({ name, test, priority: 9 - index })) ?? [];
  const bundle = await rolldown({
    cwd: packageFile('.'),
    input: { [name]: `${name}.ts` },
    platform: 'node',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    // Dependencies stay what npm installs: an audit sees them, and a mended one needs no release of ours.
    external: [/^node:/, 'commander', 'http-proxy-3', 'http2-wrapper', 'smol-toml', 'uqr'],
  });
  await bundle.write({
    dir: folder,
    format: 'cjs',
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    // What stack traces name with TLSFRONT_DEBUG=1.
    sourcemap: true,
    // Names and lines are enough for a trace; the sources themselves were half of the package.
    sourcemapExcludeSources: true,
    entryFileNames: '[name].js',
    chunkFileNames: `${program}/[name]-[hash].js`,
    codeSplitting: { groups },
  });
  await bundle.close();
}
// npm does that for what it installs; an image calls the file by a link.
await chmod(`${folder}/${PROGRAMS.command}`, 0o755);
