import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { PACKAGE } from './package-directory.mjs'

/**
 * Not bundled: packages that start processes or threads from their own files; and the chart library, which few runs
 * need and which is as large as everything else.
 */
const EXTERNAL = /^(?:autocannon|esbuild|echarts)(?:\/|$)/

const escaped = (/** @type {string} */ text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** The values of `import.meta` that modules use to find files next to them. */
const IMPORT_META = /\bimport\.meta\.(?:url|dirname|filename)\b/g

/**
 * In a bundle `import.meta.url` would be the bundle's; modules need their own to find files next to them.
 *
 * @param {string} root
 * @returns {import('esbuild').Plugin}
 */
export const importMeta = (root) => ({
  name: 'import meta',
  setup(build) {
    // Not in packages, which are many files; but in Labbook, which may be one.
    const directories = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() && entry.name !== 'node_modules' ? [path.join(root, entry.name)] : [],
    )
    const scripts = [path.join(PACKAGE, 'src'), path.join(PACKAGE, 'playbooks'), ...directories].map(escaped).join('|')
    for (const filter of [/\.ts$/, new RegExp(`^(?:${scripts})/.*\\.m?js$`)])
      build.onLoad({ filter }, ({ path: file }) => {
        const text = readFileSync(file, 'utf8')
        if (!text.includes('import.meta.')) return undefined
        const values = {
          'import.meta.url': pathToFileURL(file).href,
          'import.meta.dirname': path.dirname(file),
          'import.meta.filename': file,
        }
        const contents = text.replace(IMPORT_META, (name) =>
          JSON.stringify(values[/** @type {keyof typeof values} */ (name)]),
        )
        return { contents, loader: file.endsWith('.ts') ? 'ts' : 'js' }
      })
  },
})

/** Marks what plugins resolve themselves. */
export const RESOLVING = Symbol('resolving')

/**
 * `labbook` is this Labbook, also if the project has no packages or another version: two would not know each other's
 * tasks.
 *
 * @type {import('esbuild').Plugin}
 */
export const labbookImports = {
  name: 'labbook',
  setup(build) {
    build.onResolve({ filter: /^labbook(?:\/|$)/ }, async ({ path: name, kind, importer, pluginData }) => {
      if (pluginData === RESOLVING) return undefined
      return await build.resolve(name, { kind, importer, resolveDir: PACKAGE, pluginData: RESOLVING })
    })
  },
}

/**
 * Packages that are not bundled are Labbook's, not the project's: in a strict tree of packages only Labbook sees them.
 *
 * @type {import('esbuild').Plugin}
 */
export const externalPackages = {
  name: 'external packages',
  setup(build) {
    build.onResolve({ filter: EXTERNAL }, async ({ path: name, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === RESOLVING) return undefined
      // The bundle has `require()` for each `import` statement, but `import()` stays: it takes URLs.
      const isImport = kind === 'dynamic-import'
      const options = { importer, resolveDir, pluginData: RESOLVING }
      const found = await build.resolve(name, { ...options, kind: isImport ? kind : 'require-call' })
      if (found.errors.length > 0) return found
      return { path: isImport ? pathToFileURL(found.path).href : found.path, external: true }
    })
  },
}

/**
 * Native addons are not bundled; they are optional for their packages.
 *
 * @type {import('esbuild').Plugin}
 */
export const nativeAddons = {
  name: 'native addons',
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, ({ path: file, resolveDir }) => ({
      path: path.resolve(resolveDir, file),
      external: true,
    }))
  },
}
