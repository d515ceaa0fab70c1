/** Bundles the programs beside the compiled modules: a few files load sooner than a hundred. `npm run build` runs it after the compiler. */
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
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

const MINIFIED = { compress: false, mangle: false, codegen: { removeWhitespace: true } };

const folder = packageFile('dist/bundle');
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
// Node loads CommonJS sooner than modules (a fifth of a start), and text without comments sooner than with them.
await writeFile(`${folder}/package.json`, '{ "type": "commonjs" }\n');
/** Programs of which a front or a command begins; what is left is started by itself, seldom. */
const BY_LOADER: ReadonlySet<string> = new Set(['command', 'router', 'keeper']);
const LOADER = 'load-program.js';

const loader = await rolldown({
  cwd: packageFile('.'),
  input: 'src/system/load-program.ts',
  platform: 'node',
  external: [/^node:/],
});
await loader.write({ file: `${folder}/${LOADER}`, format: 'cjs', minify: MINIFIED });
await loader.close();

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
  const isLoaded = BY_LOADER.has(program);
  const { output } = await bundle.write({
    dir: folder,
    format: 'cjs',
    minify: MINIFIED,
    // What stack traces name with TLSFRONT_DEBUG=1.
    sourcemap: true,
    // Names and lines are enough for a trace; the sources themselves were half of the package.
    sourcemapExcludeSources: true,
    // Compiled code is kept by the name of the file: another content has another name.
    entryFileNames: isLoaded ? '[name]-[hash].js' : '[name].js',
    chunkFileNames: `${program}/[name]-[hash].js`,
    codeSplitting: { groups },
    // The loader compiles scripts, which have no import().
    dynamicImportInCjs: false,
  });
  await bundle.close();
  const entry = output.find((file) => file.type === 'chunk' && file.isEntry);
  if (isLoaded && entry !== undefined) await writeStart(`${folder}/${path}`, `${folder}/${entry.fileName}`);
}

/** What is started: it has the loader load the program. */
async function writeStart(file: string, entry: string): Promise<void> {
  const from = (target: string): string => {
    const path = relative(dirname(file), target);
    return path.startsWith('.') ? path : `./${path}`;
  };
  const load = `require('${from(`${folder}/${LOADER}`)}').loadProgram(require.resolve('${from(entry)}'));`;
  await writeFile(file, `#!/usr/bin/env node\n${load}\n`);
  // npm does that for what it installs; an image calls the command by a link.
  await chmod(file, 0o755);
}
