// Startup is most of a short run: loading 400 files one by one takes a second of CPU time, one file with cached
// bytecode a tenth of that. So a playbook is bundled, and the bundle is cached until one of its files changes.
import { isAscii } from 'node:buffer'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import v8 from 'node:v8'
import vm from 'node:vm'
import { CODE, PACKAGE } from './package-directory.mjs'
import { placeInPlaybook, showSourcePositions } from './source-positions.mjs'

const require = createRequire(import.meta.url)

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
 * @typedef {object} Manifest
 * @property {string} key - what the bundle was made for.
 * @property {Record<string, Stamp | null>} inputs - the files that it was made of; null: missing.
 * @property {string} file - the bundle.
 * @property {readonly string[]} loaded - the parts loaded on demand whose bytecode is cached.
 *
 * @typedef {readonly [size: number, mtimeMs: number, ino: number]} Stamp
 *
 * @typedef {object} Bundle
 * @property {string} code
 * @property {Manifest} manifest
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
  const key = [PACKAGE, entryFile, process.version, process.arch].join('\n')
  const paths = cachePaths(root, entryFile, key)
  const bundle = cachedBundle(paths, key) ?? (await newBundle(root, entryFile, contents, paths, key))
  if (bundle === undefined) return undefined
  const { file } = bundle.manifest
  showSourcePositions(file, `${file}.map`)
  try {
    return evaluate(bundle, paths)
  } catch (error) {
    const position = placeInPlaybook(root, path.join(PACKAGE, 'src'), error)
    if (position === undefined) throw error
    process.stderr.write(`${position}: ${/** @type {Error} */ (error).message}\n`)
    return undefined
  }
}

/**
 * @param {string} root
 * @param {string} entryFile
 * @param {string} key
 * @returns {CachePaths}
 */
function cachePaths(root, entryFile, key) {
  const modules = path.join(root, 'node_modules')
  // A project may have no packages: Labbook installed for all projects of this machine.
  const directory = existsSync(modules)
    ? path.join(modules, '.cache/labbook')
    : path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'labbook')
  const name = path.basename(entryFile, path.extname(entryFile))
  const stem = `${name === 'playbook' ? path.basename(path.dirname(entryFile)) : name}-${shortHash(key)}`
  return { directory, stem, manifest: path.join(directory, `${stem}.json`) }
}

/**
 * FNV-1a: Node's cryptography takes milliseconds to load.
 *
 * @param {string} text
 */
function shortHash(text) {
  let hash = 0xcbf29ce484222325n
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16).padStart(16, '0')
}

/**
 * The cached bundle, if none of its source files has changed.
 *
 * @param {CachePaths} paths
 * @param {string} key
 * @returns {Bundle | undefined}
 */
function cachedBundle(paths, key) {
  try {
    const manifest = /** @type {Manifest} */ (JSON.parse(readFileSync(paths.manifest, 'utf8')))
    if (manifest.key !== key) return undefined
    for (const [input, stamp] of Object.entries(manifest.inputs)) if (!hasStamp(input, stamp)) return undefined
    const bytes = readFileSync(manifest.file)
    return { code: isAscii(bytes) ? bytes.toString('latin1') : bytes.toString(), manifest }
  } catch {
    return undefined
  }
}

/**
 * @param {string} file
 * @param {Stamp | null} stamp
 */
function hasStamp(file, stamp) {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats === undefined || stamp === null) return stats === undefined && stamp === null
  const [size, mtimeMs, ino] = stamp
  return stats.mtimeMs === mtimeMs && stats.size === size && stats.ino === ino
}

/**
 * @param {string} root
 * @param {string} entryFile
 * @param {string} contents
 * @param {CachePaths} paths
 * @param {string} key
 * @returns {Promise<Bundle | undefined>}
 */
async function newBundle(root, entryFile, contents, paths, key) {
  const { build, contentHash } = await import('./build.mjs')
  const built = await build(root, entryFile, contents, paths.directory)
  if (built === undefined) return undefined
  const { code, map, inputs } = built
  // V8 validates cached bytecode by source length alone, so a bundle's files are named by a hash of its content.
  const file = path.join(paths.directory, `${paths.stem}-${contentHash(code)}.cjs`)
  const stamps = inputs.map((input) => {
    const stats = statSync(input, { throwIfNoEntry: false })
    return [input, stats === undefined ? null : [stats.size, stats.mtimeMs, stats.ino]]
  })
  const manifest = /** @type {Manifest} */ ({ key, inputs: Object.fromEntries(stamps), file, loaded: [] })
  // The manifest makes the others valid, so it is last.
  writeFiles([
    [file, code],
    [`${file}.map`, map],
    [paths.manifest, JSON.stringify(manifest)],
  ])
  removeOthers(paths, file)
  return { code, manifest }
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
 * @param {string} file - the current bundle.
 */
function removeOthers({ directory, stem }, file) {
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
 * @param {Bundle} bundle
 * @param {CachePaths} paths
 * @returns {object} its exports.
 */
function evaluate({ code, manifest }, paths) {
  const { file } = manifest
  const compiled = `${file}.v8`
  let cachedData
  try {
    cachedData = readFileSync(compiled)
  } catch {
    // The first run with this code creates it.
  }
  const script = new vm.Script(code, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  const loaded = new Set(cachedData === undefined || script.cachedDataRejected ? [] : manifest.loaded)
  let isWriting = false
  /** On exit, so that the cache includes what was compiled until then. */
  const writeOnExit = () => {
    if (isWriting) return
    isWriting = true
    // V8 would drop what has not run for a while.
    v8.setFlagsFromString('--no-flush-bytecode')
    process.once('exit', () => {
      // It accepts a cache only with the flags that it was made with.
      v8.setFlagsFromString('--flush-bytecode')
      writeFiles([
        [compiled, script.createCachedData()],
        [paths.manifest, JSON.stringify({ ...manifest, loaded: [...loaded] })],
      ])
    })
  }
  if (cachedData === undefined || script.cachedDataRejected) writeOnExit()
  /** @param {string} name */
  const loading = (name) => {
    if (loaded.has(name)) return
    loaded.add(name)
    writeOnExit()
  }
  const module = { exports: {} }
  const run = /** @type {(...args: unknown[]) => void} */ (script.runInThisContext())
  run(module.exports, require, module, file, path.dirname(file), loading)
  return module.exports
}
