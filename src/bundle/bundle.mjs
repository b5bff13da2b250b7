// Startup is most of a short run: loading 400 files one by one takes a second of CPU time, one file with cached
// bytecode a tenth of that. So a playbook is bundled, and the bundle is cached until one of its files changes.
import { isAscii } from 'node:buffer'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import { placeInPlaybook, showSourcePositions } from './source-positions.mjs'

const require = createRequire(import.meta.url)

/** Labbook's directory: the repository, or the installed package, whose files are compiled to JavaScript. */
const PACKAGE = path.resolve(import.meta.dirname, '../..')
const CODE = existsSync(path.join(PACKAGE, 'src/labbook.ts')) ? '.ts' : '.js'

/**
 * Not bundled: packages that start processes or threads from their own files; and the chart library, which few runs
 * need and which is as large as everything else.
 */
const EXTERNAL = /^(?:autocannon|esbuild|echarts)(?:\/|$)/

/**
 * @typedef {object} PlaybookBundle
 * @property {typeof import('../cli/main.ts').main} main
 * @property {typeof import('../cli/playbook.ts').playbookProblem} playbookProblem
 * @property {{ default?: unknown }} written - the playbook's exports.
 *
 * @typedef {object} CachePaths
 * @property {string} directory
 * @property {string} stem - the start of the bundle's file names.
 * @property {string} manifest
 *
 * @typedef {object} Bundle
 * @property {string} code
 * @property {string} file - where the code is cached.
 * @property {string} map - its source map.
 * @property {string} compiled - its bytecode.
 */

/**
 * Loads a playbook together with the runner.
 *
 * @param {string} root - the project directory.
 * @param {string} playbookFile - its TypeScript or JavaScript.
 * @returns {Promise<PlaybookBundle | undefined>} undefined if a source file has an error, which is printed to stderr.
 */
export function loadBundle(root, playbookFile) {
  const [main, check] = ['src/cli/main', 'src/cli/playbook'].map((file) =>
    JSON.stringify(path.join(PACKAGE, file + CODE)),
  )
  return /** @type {Promise<PlaybookBundle | undefined>} */ (
    load(
      root,
      playbookFile,
      `export { main } from ${main}
export { playbookProblem } from ${check}
export * as written from ${JSON.stringify(playbookFile)}
`,
    )
  )
}

/**
 * Loads a file with all it imports.
 *
 * @param {string} root - the project directory.
 * @param {string} file
 * @returns {Promise<object | undefined>} its exports; undefined as in {@link loadBundle}.
 */
export const loadModule = (root, file) => load(root, file, `export * from ${JSON.stringify(file)}\n`)

/**
 * @param {string} root
 * @param {string} entryFile
 * @param {string} contents - TypeScript: what the bundle exports.
 * @returns {Promise<object | undefined>}
 */
async function load(root, entryFile, contents) {
  const paths = cachePaths(root, entryFile)
  const bundle = cachedBundle(paths) ?? (await build(root, entryFile, paths, contents))
  if (bundle === undefined) return undefined
  showSourcePositions(bundle.file, bundle.map)
  try {
    return evaluate(bundle)
  } catch (error) {
    const position = placeInPlaybook(root, path.join(PACKAGE, 'src'), error)
    if (position === undefined) throw error
    process.stderr.write(`${position}: ${/** @type {Error} */ (error).message}\n`)
    return undefined
  }
}

/**
 * The cache paths of a playbook's bundle. `manifest` lists its source files and its output file.
 *
 * @param {string} root
 * @param {string} entryFile
 * @returns {CachePaths}
 */
function cachePaths(root, entryFile) {
  const modules = path.join(root, 'node_modules')
  // A project may have no packages: Labbook installed for all projects of this machine.
  const directory = existsSync(modules)
    ? path.join(modules, '.cache/labbook')
    : path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'labbook')
  const key = hash(`${PACKAGE}\0${entryFile}\0${process.version}\0${process.arch}`)
  const name = path.basename(entryFile, path.extname(entryFile))
  const stem = `${name === 'playbook' ? path.basename(path.dirname(entryFile)) : name}-${key}`
  return { directory, stem, manifest: path.join(directory, `${stem}.json`) }
}

/**
 * V8 validates cached bytecode by source length alone, so a bundle's files are named by a hash of its content.
 *
 * @param {CachePaths} paths
 * @param {string} code
 * @returns {Bundle}
 */
function filesOf({ directory, stem }, code) {
  const file = path.join(directory, `${stem}-${hash(code)}.cjs`)
  return { code, file, map: `${file}.map`, compiled: `${file}.v8` }
}

const hash = (/** @type {string} */ text) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/**
 * The cached bundle, if none of its source files has changed.
 *
 * @param {CachePaths} paths
 * @returns {Bundle | undefined}
 */
function cachedBundle(paths) {
  try {
    const { inputs, file } = /** @type {{ inputs: Record<string, string>, file: string }} */ (
      JSON.parse(readFileSync(paths.manifest, 'utf8'))
    )
    for (const [input, stamp] of Object.entries(inputs)) if (fileStamp(input) !== stamp) return undefined
    const bytes = readFileSync(file)
    const code = isAscii(bytes) ? bytes.toString('latin1') : bytes.toString()
    return { code, file, map: `${file}.map`, compiled: `${file}.v8` }
  } catch {
    return undefined
  }
}

/** @param {string} file */
function fileStamp(file) {
  const { size, mtimeMs, ino } = statSync(file)
  return `${size} ${mtimeMs} ${ino}`
}

/**
 * @param {string} root
 * @param {string} entryFile
 * @param {CachePaths} paths
 * @param {string} contents
 * @returns {Promise<Bundle | undefined>}
 */
async function build(root, entryFile, paths, contents) {
  const esbuild = await import('esbuild')
  const result = await esbuild
    .build({
      stdin: { contents, resolveDir: root },
      bundle: true,
      // V8 reads a third less, and needs one byte a character.
      minifyWhitespace: true,
      charset: 'ascii',
      platform: 'node',
      format: 'cjs',
      target: `node${process.versions.node}`,
      outfile: path.join(paths.directory, 'bundle.cjs'),
      sourcemap: 'external',
      sourcesContent: false,
      metafile: true,
      write: false,
      logLevel: 'silent',
      plugins: [importMeta(root), labbookImports, externalPackages, nativeAddons],
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
  const bundle = filesOf(paths, text('.cjs'))
  // For packages, the list of installed packages stands for all their files.
  const own = Object.keys(result.metafile.inputs).filter(
    (file) => !file.includes('node_modules/') && file !== '<stdin>',
  )
  const inputs = [...own.map((file) => path.join(root, file)), ...installedPackages(root)].filter((file) =>
    existsSync(file),
  )
  const manifest = { inputs: Object.fromEntries(inputs.map((file) => [file, fileStamp(file)])), file: bundle.file }
  // The manifest makes the others valid, so it is last.
  writeFiles([
    [bundle.file, bundle.code],
    [bundle.map, text('.map')],
    [paths.manifest, JSON.stringify(manifest)],
  ])
  removeOthers(paths, bundle)
  return bundle
}

/**
 * Writes files atomically. If they cannot be written, the next run bundles again.
 *
 * @param {readonly [file: string, content: string | Buffer][]} files
 */
function writeFiles(files) {
  try {
    // Loaded on demand, as most runs write nothing; synchronously, as an exit handler cannot wait for an import.
    const writeFileAtomic = /** @type {typeof import('write-file-atomic')} */ (require('write-file-atomic'))
    for (const [file, content] of files) {
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileAtomic.sync(file, content, { fsync: false })
    }
  } catch {
    // Read-only or full: it only costs time.
  }
}

/**
 * Removes the files of the playbook's earlier bundles.
 *
 * @param {CachePaths} paths
 * @param {Bundle} bundle - the current one.
 */
function removeOthers({ directory, stem }, { file }) {
  try {
    for (const name of readdirSync(directory)) {
      if (name.startsWith(`${stem}-`) && !name.startsWith(path.basename(file)))
        rmSync(path.join(directory, name), { force: true })
    }
  } catch {
    // As above.
  }
}

/**
 * The files in which npm and pnpm list what is installed for a project, and those of Labbook itself.
 *
 * @param {string} root
 */
const installedPackages = (root) => [
  ...[root, path.dirname(path.dirname(PACKAGE))].flatMap((directory) =>
    ['node_modules/.package-lock.json', 'node_modules/.pnpm/lock.yaml'].map((file) => path.join(directory, file)),
  ),
  path.join(PACKAGE, 'package.json'),
]

const escaped = (/** @type {string} */ text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** The values of `import.meta` that modules use to find files next to them. */
const IMPORT_META = /\bimport\.meta\.(?:url|dirname|filename)\b/g

/**
 * In a bundle `import.meta.url` would be the bundle's; modules need their own to find files next to them.
 *
 * @param {string} root
 * @returns {import('esbuild').Plugin}
 */
const importMeta = (root) => ({
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

/** Marks what the plugins below resolve themselves. */
const RESOLVING = Symbol('resolving')

/**
 * `labbook` is this Labbook, also if the project has no packages or another version: two would not know each other's
 * tasks.
 *
 * @type {import('esbuild').Plugin}
 */
const labbookImports = {
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
const externalPackages = {
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
const nativeAddons = {
  name: 'native addons',
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, ({ path: file, resolveDir }) => ({
      path: path.resolve(resolveDir, file),
      external: true,
    }))
  },
}

/**
 * @param {Bundle} bundle
 * @returns {object} its exports.
 */
function evaluate({ code, file, compiled }) {
  let cachedData
  try {
    cachedData = readFileSync(compiled)
  } catch {
    // The first run with this code creates it.
  }
  const script = new vm.Script(`(function (exports, require, module, __filename, __dirname) {${code}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  const loaded = { exports: {} }
  const run = /** @type {(...args: unknown[]) => void} */ (script.runInThisContext())
  run(loaded.exports, require, loaded, file, path.dirname(file))
  // On exit, so that it includes lazily compiled functions.
  if (cachedData === undefined || script.cachedDataRejected) {
    process.once('exit', () => writeFiles([[compiled, script.createCachedData()]]))
  }
  return loaded.exports
}
