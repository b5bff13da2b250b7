// Start-up is most of a short run: a loader that looks at 400 files one by one takes a second of a core, one file with
// its compiled code beside it a tenth of that. So a playbook is bundled once, and anew when one of its files has
// changed.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import { placeInPlaybook, showSourcePositions } from './positions.mjs'

/**
 * Packages that start processes or threads from files of their own, so they must stay where they are; and the one that
 * draws charts, which few runs need and is as large as all else.
 */
const EXTERNAL = ['autocannon', 'esbuild', 'echarts', 'echarts/*']

/**
 * Loads a playbook together with the runner.
 *
 * @param {string} root - the project's folder.
 * @param {string} playbookFile - the `playbook.ts`.
 * @returns {Promise<{ main: Function, playbookProblem: Function, written: { default?: unknown } } | undefined>}
 *   `written` is what the
 * playbook exports. undefined when a source file has a mistake; then it has been told on stderr.
 */
export function loadBundle(root, playbookFile) {
  const [main, check] = ['src/cli/main.ts', 'src/cli/playbook.ts'].map((file) => JSON.stringify(path.join(root, file)))
  return load(
    root,
    playbookFile,
    `export { main } from ${main}
export { playbookProblem } from ${check}
export * as written from ${JSON.stringify(playbookFile)}
`,
  )
}

/**
 * Loads a TypeScript file with all it imports.
 *
 * @param {string} root - the project's folder.
 * @param {string} file
 * @returns {Promise<object | undefined>} what it exports; undefined as {@link loadBundle}.
 */
export const loadModule = (root, file) => load(root, file, `export * from ${JSON.stringify(file)}\n`)

async function load(root, entryFile, contents) {
  const place = placeOf(root, entryFile)
  const bundle = keptBundle(place) ?? (await build(root, entryFile, place, contents))
  if (bundle === undefined) return undefined
  showSourcePositions(bundle.file, bundle.map)
  try {
    return evaluate(bundle)
  } catch (error) {
    const place = placeInPlaybook(root, error)
    if (place === undefined) throw error
    process.stderr.write(`${place}: ${error.message}\n`)
    return undefined
  }
}

/** Where a playbook's bundle is kept. `made` names the files it was made of and the bundle's own. */
function placeOf(root, entryFile) {
  const folder = path.join(root, 'node_modules/.cache/labbook')
  const key = hash(`${entryFile}\0${process.version}\0${process.arch}`)
  const stem = `${path.basename(path.dirname(entryFile))}-${key}`
  return { folder, stem, made: path.join(folder, `${stem}.json`) }
}

/** V8 compares a compiled form with its source by length alone, so that a bundle's files are named by its content. */
function filesOf({ folder, stem }, code) {
  const file = path.join(folder, `${stem}-${hash(code)}.cjs`)
  return { code, file, map: `${file}.map`, compiled: `${file}.v8` }
}

const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** The kept bundle, if none of the files it was made of has changed since. */
function keptBundle(place) {
  try {
    const { inputs, file } = JSON.parse(readFileSync(place.made, 'utf8'))
    for (const [input, stamp] of Object.entries(inputs)) if (stampOf(input) !== stamp) return undefined
    return { code: readFileSync(file, 'utf8'), file, map: `${file}.map`, compiled: `${file}.v8` }
  } catch {
    return undefined
  }
}

function stampOf(file) {
  const { size, mtimeMs, ino } = statSync(file)
  return `${size} ${mtimeMs} ${ino}`
}

async function build(root, entryFile, place, contents) {
  const esbuild = await import('esbuild')
  const result = await esbuild
    .build({
      stdin: { contents, resolveDir: root },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: `node${process.versions.node}`,
      outfile: path.join(place.folder, 'bundle.cjs'),
      sourcemap: 'external',
      sourcesContent: false,
      metafile: true,
      write: false,
      logLevel: 'silent',
      external: EXTERNAL,
      plugins: [ownPlace, nativeParts],
      absWorkingDir: root,
    })
    .catch((error) => {
      // What esbuild has no message for is a bug, not a mistake in a playbook.
      if (!Array.isArray(error.errors)) throw error
      for (const { text, location } of error.errors) {
        const where = location === null ? entryFile : `${location.file}:${location.line}:${location.column + 1}`
        process.stderr.write(`${where}: ${text}\n`)
      }
    })
  // Its process is in our terminal's group and has no more to do.
  await esbuild.stop()
  if (result === undefined) return undefined
  const text = (end) => result.outputFiles.find((file) => file.path.endsWith(end)).text
  const bundle = filesOf(place, text('.cjs'))
  // Of packages the list that npm keeps of what is installed stands for all their files.
  const own = Object.keys(result.metafile.inputs).filter(
    (file) => !file.includes('node_modules/') && file !== '<stdin>',
  )
  const inputs = [...own, 'node_modules/.package-lock.json']
    .map((file) => path.join(root, file))
    .filter((file) => existsSync(file))
  const made = { inputs: Object.fromEntries(inputs.map((file) => [file, stampOf(file)])), file: bundle.file }
  // What makes the others valid comes last.
  keep([
    [bundle.file, bundle.code],
    [bundle.map, text('.map')],
    [place.made, JSON.stringify(made)],
  ])
  removeOthers(place, bundle)
  return bundle
}

/** Writes files, each whole or not at all. Where nothing can be written, the next run bundles again. */
function keep(files) {
  try {
    for (const [file, content] of files) {
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(`${file}.${process.pid}`, content)
      renameSync(`${file}.${process.pid}`, file)
    }
  } catch {
    // Read-only, full: it only costs time.
  }
}

/** Takes away what the playbook's earlier bundles left. */
function removeOthers({ folder, stem }, { file }) {
  try {
    for (const name of readdirSync(folder)) {
      if (name.startsWith(`${stem}-`) && !name.startsWith(path.basename(file)))
        rmSync(path.join(folder, name), { force: true })
    }
  } catch {
    // As above.
  }
}

/** In a bundle `import.meta.url` would be the bundle's place; files look for others beside themselves. */
const ownPlace = {
  name: 'own place',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      const text = readFileSync(file, 'utf8')
      if (!text.includes('import.meta.')) return undefined
      const contents = text
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href))
        .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(file)))
      return { contents, loader: 'ts' }
    })
  },
}

/** Compiled parts of packages are loaded from where they are; packages do without them where they are missing. */
const nativeParts = {
  name: 'native parts',
  setup({ onResolve }) {
    onResolve({ filter: /\.node$/ }, ({ path: file, resolveDir }) => ({
      path: path.resolve(resolveDir, file),
      external: true,
    }))
  },
}

function evaluate({ code, file, compiled }) {
  let cachedData
  try {
    cachedData = readFileSync(compiled)
  } catch {
    // The first run with this code makes it.
  }
  const script = new vm.Script(`(function (exports, require, module, __filename, __dirname) {${code}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  const loaded = { exports: {} }
  script.runInThisContext()(loaded.exports, createRequire(file), loaded, file, path.dirname(file))
  // At the end, so that it has what was compiled on the way.
  if (cachedData === undefined || script.cachedDataRejected) {
    process.once('exit', () => keep([[compiled, script.createCachedData()]]))
  }
  return loaded.exports
}
