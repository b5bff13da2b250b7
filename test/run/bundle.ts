import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, stop, type Plugin } from 'esbuild'
import { ROOT } from './parts.ts'

const OWN_PLACE = ['url', 'dirname', 'filename'] as const
const FOLDER = path.join(ROOT, 'node_modules/.cache/labbook/tests')

/**
 * Translates test files with all they import from the sources, once for all of them; a loader that translates as files
 * are loaded takes a second of a core for each test file. What they have in common is in files of its own, packages
 * stay where they are.
 * @returns the program of each test file.
 */
export async function bundleTests(files: readonly string[]): Promise<Map<string, string>> {
  rmSync(FOLDER, { recursive: true, force: true })
  await build({
    entryPoints: [...files],
    outdir: FOLDER,
    outbase: ROOT,
    absWorkingDir: ROOT,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: `node${process.versions.node}`,
    outExtension: { '.js': '.mjs' },
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'error',
    plugins: [ownPlace],
    define: Object.fromEntries(OWN_PLACE.map((name) => [`import.meta.${name}`, `labbook_${name}`])),
  })
  await stop()
  return new Map(files.map((file) => [file, path.join(FOLDER, file.replace(/\.ts$/, '.mjs'))]))
}

/**
 * Files look for others beside themselves, which a bundle has not beside it: each gets the values as constants, in its
 * first line.
 */
const ownPlace: Plugin = {
  name: 'own place',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
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
