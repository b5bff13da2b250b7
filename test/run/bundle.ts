import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, stop, type Plugin } from 'esbuild'
import pLimit from 'p-limit'
import { ROOT } from './parts.ts'

const OWN_PLACE = ['url', 'dirname', 'filename'] as const
const FOLDER = path.join(ROOT, 'node_modules/.cache/labbook/tests')
/** Packages of many files that most tests load: from one file each, a test starts in two thirds of the time. */
const LARGE = ['fast-check', 'tap', 'zod']
/** CommonJS packages need it, and modules do not have it. */
const REQUIRE = `import { createRequire as labbook_createRequire } from 'node:module'
const require = labbook_createRequire(import.meta.url)`

/**
 * Bundles test files with their imported sources, with shared chunks; and large packages, each to one file. A loader
 * that transpiles at load time would cost a core second per test file.
 *
 * @param part - whose tests they are: those of other parts may be running.
 * @returns the program of each test file.
 */
export const bundleTests = (part: string, files: readonly string[]): Promise<Map<string, string>> =>
  // One at a time: `stop()` would end the builds of others.
  oneAtATime(() => bundle(path.join(FOLDER, part), files))

const oneAtATime = pLimit(1)

async function bundle(folder: string, files: readonly string[]): Promise<Map<string, string>> {
  rmSync(folder, { recursive: true, force: true })
  await bundlePackages(folder)
  await build({
    entryPoints: [...files],
    outdir: folder,
    outbase: ROOT,
    absWorkingDir: ROOT,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: `node${process.versions.node}`,
    outExtension: { '.js': '.mjs' },
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'error',
    plugins: [ownPackage, packages(folder), ownPlace],
    define: Object.fromEntries(OWN_PLACE.map((name) => [`import.meta.${name}`, `labbook_${name}`])),
  })
  await stop()
  return new Map(files.map((file) => [file, path.join(folder, file.replace(/\.ts$/, '.mjs'))]))
}

/** Imports of `labbook` are bundled. */
const ownPackage: Plugin = {
  name: 'own package',
  setup({ onResolve }) {
    const { exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      readonly exports: Readonly<Record<string, string>>
    }
    onResolve({ filter: /^labbook(\/|$)/ }, ({ path: name }) => {
      const file = exports[name.replace('labbook', '.')]
      return file === undefined ? undefined : { path: path.join(ROOT, file) }
    })
  },
}

/** tap leaves files in such a directory out of the stacks of failures. */
const packageFile = (folder: string, name: string): string => path.join(folder, 'node_modules/@tapjs', `${name}.mjs`)

/** Without source maps: Node would read those of tap for each test that it runs. */
async function bundlePackages(folder: string): Promise<void> {
  await Promise.all(
    LARGE.map((name) =>
      build({
        stdin: { contents: `export * from '${name}'; export { default } from '${name}'`, resolveDir: ROOT },
        outfile: packageFile(folder, name),
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: `node${process.versions.node}`,
        banner: { js: REQUIRE },
        logLevel: 'error',
      }),
    ),
  )
}

/** Imports of packages stay imports. */
const packages = (folder: string): Plugin => ({
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) =>
      kind === 'entry-point'
        ? undefined
        : { path: LARGE.includes(name) ? packageFile(folder, name) : name, external: true },
    )
  },
})

/**
 * Files locate others by `import.meta`, which a bundle changes: so define the original values as constants in the first
 * line of each file.
 */
const ownPlace: Plugin = {
  name: 'own place',
  setup({ onLoad }) {
    onLoad({ filter: /\.(ts|mjs)$/ }, ({ path: file }) => {
      const text = readFileSync(file, 'utf8')
      if (!text.includes('import.meta.')) return undefined
      const values = { url: pathToFileURL(file).href, dirname: path.dirname(file), filename: file }
      return {
        contents: `${OWN_PLACE.map((name) => `const labbook_${name} = ${JSON.stringify(values[name])};`).join('')}${text}`,
        loader: 'ts',
      }
    })
  },
}
