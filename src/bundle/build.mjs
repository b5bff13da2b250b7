import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import * as esbuild from 'esbuild'
import { LOADING, onDemand } from './on-demand.mjs'
import { PACKAGE } from './package-directory.mjs'
import { externalPackages, importMeta, labbookImports, nativeAddons } from './plugins.mjs'

/**
 * @typedef {object} Built
 * @property {string} code - an expression: a function that evaluates the bundle.
 * @property {string} map - its source map.
 * @property {readonly string[]} inputs - the files that it is made of; some need not exist.
 */

/**
 * Bundles a file with all it imports.
 *
 * @param {string} root - the project directory.
 * @param {string} entryFile
 * @param {string} contents - TypeScript: what the bundle exports.
 * @param {string} directory - where it is cached: the source map's paths are relative to it.
 * @returns {Promise<Built | undefined>} undefined if a source file has an error, which is printed to stderr.
 */
export async function build(root, entryFile, contents, directory) {
  const result = await esbuild
    .build({
      stdin: { contents, resolveDir: root },
      bundle: true,
      // V8 reads a third less, and needs one byte a character.
      minifyWhitespace: true,
      charset: 'ascii',
      legalComments: 'none',
      platform: 'node',
      format: 'cjs',
      target: `node${process.versions.node}`,
      banner: { js: `(function (exports, require, module, __filename, __dirname, ${LOADING}) {` },
      footer: { js: '})' },
      outfile: path.join(directory, 'bundle.cjs'),
      sourcemap: 'external',
      sourcesContent: false,
      metafile: true,
      write: false,
      logLevel: 'silent',
      plugins: [onDemand, importMeta(root), labbookImports, externalPackages, nativeAddons],
      absWorkingDir: root,
    })
    .catch((/** @type {unknown} */ error) => {
      const { errors } = /** @type {Partial<import('esbuild').BuildFailure>} */ (error)
      // Without esbuild messages it is a bug, not an error in a playbook.
      if (!Array.isArray(errors)) throw error
      for (const { text, location } of errors) {
        const where = location === null ? entryFile : `${location.file}:${location.line}:${location.column + 1}`
        process.stderr.write(`${where}: ${text}\n`)
      }
    })
  // Its process is in the terminal's foreground group and no longer needed.
  await esbuild.stop()
  if (result === undefined) return undefined
  const text = (/** @type {string} */ end) =>
    /** @type {import('esbuild').OutputFile} */ (result.outputFiles.find((file) => file.path.endsWith(end))).text
  return { code: text('.cjs'), map: text('.map'), inputs: inputsOf(root, Object.keys(result.metafile.inputs)) }
}

/**
 * For packages, the list of installed packages stands for all their files.
 *
 * @param {string} root
 * @param {readonly string[]} bundled - relative to the project directory, or with the namespace of a plugin.
 */
function inputsOf(root, bundled) {
  const own = bundled.filter((file) => !file.includes('node_modules/')).map((file) => path.join(root, file))
  const bundler = readdirSync(import.meta.dirname).map((name) => path.join(import.meta.dirname, name))
  const files = [...own, ...bundler].filter((file) => existsSync(file))
  return [...new Set([...files, ...configFiles(root, own), ...installedPackages(root)])]
}

/**
 * The files of a project that say what an import means (`paths`, `imports`). esbuild takes the `tsconfig.json` of the
 * nearest directory, and what it extends.
 *
 * @param {string} root
 * @param {readonly string[]} sources
 */
function configFiles(root, sources) {
  const directories = new Set([root])
  for (const source of sources)
    for (let each = path.dirname(source); each.startsWith(root + path.sep); each = path.dirname(each))
      directories.add(each)
  const existing = [...directories].filter((directory) => existsSync(directory))
  const extended = existing.flatMap((directory) =>
    readdirSync(directory).flatMap((name) => (/^tsconfig\..+\.json$/.test(name) ? [path.join(directory, name)] : [])),
  )
  const nearest = existing.map((directory) => path.join(directory, 'tsconfig.json'))
  return [...nearest, ...extended, path.join(root, 'package.json')]
}

/**
 * The files in which npm, pnpm and Yarn list what is installed for a project, and those of Labbook itself.
 *
 * @param {string} root
 */
const installedPackages = (root) => [
  ...[root, path.dirname(path.dirname(PACKAGE))].flatMap((directory) =>
    ['.package-lock.json', '.pnpm/lock.yaml', '.yarn-integrity', '.yarn-state.yml'].map((file) =>
      path.join(directory, 'node_modules', file),
    ),
  ),
  path.join(PACKAGE, 'package.json'),
]

/** @param {string} text */
export const contentHash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16)
