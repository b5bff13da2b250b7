import { createRequire } from 'node:module'
import path from 'node:path'
import { CODE, PACKAGE } from './package-directory.mjs'
import { RESOLVING } from './plugins.mjs'

const require = createRequire(import.meta.url)

/** What most starts do not use, and takes long to load: processes, servers, cryptography, addresses. */
const HEAVY = /^(?:node:(?:child_process|crypto|http|zlib)|htpasswd\/src\/utils\.js|ip-address|simple-statistics)$/

/**
 * The same for functions and classes that ssh2 and node-ssh read as they start: `mkdir -p`, and HTTP over SSH. Labbook
 * uses neither.
 */
const LAZY_FUNCTIONS = /^(?:make-dir|\.\/http-agents\.js)$/
const IMPORTERS = /[\\/]node_modules[\\/](?:node-ssh|ssh2)[\\/]lib[\\/]/

/** Files of Labbook that export what other files define. */
const BARREL = new RegExp(`^src/(?:labbook|(?:.*/)?index)\\${CODE}$`)

const NAMESPACE = 'on demand'
const FUNCTIONS = 'functions on demand'

/** The function that a bundle calls with the name of each file that it loads on demand. */
export const LOADING = '__labbook_loading'

/**
 * A start uses few of Labbook's modules. What a barrel exports, and heavy packages, are loaded when something of them
 * is first used: each is replaced by an object with a getter for each of its exports.
 *
 * @type {import('esbuild').Plugin}
 */
export const onDemand = {
  name: NAMESPACE,
  setup(build) {
    /**
     * @param {import('esbuild').OnResolveArgs} args
     * @returns {Promise<import('esbuild').OnResolveResult | undefined>}
     */
    async function resolve({ path: name, kind, importer, resolveDir, pluginData }) {
      if (pluginData === RESOLVING || kind !== 'import-statement') return undefined
      const options = { importer, resolveDir, kind: /** @type {const} */ ('require-call'), pluginData: RESOLVING }
      const { path: file, errors } = await build.resolve(name, options)
      if (errors.length > 0) return { errors }
      return isBarrel(file) ? undefined : { path: file, namespace: NAMESPACE, sideEffects: false }
    }
    build.onResolve({ filter: HEAVY }, resolve)
    build.onResolve({ filter: /^\./ }, async (args) => (isBarrel(args.importer) ? await resolve(args) : undefined))
    build.onLoad({ filter: /./, namespace: NAMESPACE }, async ({ path: file }) => {
      const isOwn = file.startsWith(path.join(PACKAGE, 'src/'))
      const names = isOwn ? await exportsOf(build.esbuild, file) : Object.keys(/** @type {object} */ (require(file)))
      const getters = names.map((name) => `get ${name}() { return load().${name} }`)
      const contents = `let loaded
const load = () => (loaded ??= (${LOADING}(${JSON.stringify(file)}), require(${JSON.stringify(file)})))
module.exports = { ${getters.join(', ')} }`
      return { contents, resolveDir: PACKAGE }
    })
    build.onResolve({ filter: LAZY_FUNCTIONS }, async ({ path: name, kind, importer, resolveDir, pluginData }) => {
      if (pluginData === RESOLVING || !IMPORTERS.test(importer)) return undefined
      const found = await build.resolve(name, { importer, resolveDir, kind, pluginData: RESOLVING })
      return found.errors.length > 0 ? found : { path: found.path, namespace: FUNCTIONS }
    })
    build.onLoad({ filter: /./, namespace: FUNCTIONS }, ({ path: file }) => {
      const exported = /** @type {object} */ (require(file))
      const functions = Object.entries(exported).flatMap(([name, each]) =>
        typeof each === 'function' ? [`${name}: lazily(() => load().${name})`] : [],
      )
      const contents = `let loaded
const load = () => (loaded ??= (${LOADING}(${JSON.stringify(file)}), require(${JSON.stringify(file)})))
const lazily = (of) => {
  const lazy = new Proxy(function () {}, {
    apply: (_, self, args) => Reflect.apply(of(), self, args),
    construct: (_, args, target) => Reflect.construct(of(), args, target === lazy ? of() : target),
    get: (_, key) => (key === '__esModule' ? undefined : Reflect.get(of(), key)),
  })
  return lazy
}
module.exports = ${typeof exported === 'function' ? 'lazily(load)' : `{ ${functions.join(', ')} }`}`
      return { contents, resolveDir: PACKAGE }
    })
  },
}

/** @param {string} file */
const isBarrel = (file) => BARREL.test(path.relative(PACKAGE, file))

/**
 * @param {Pick<typeof import('esbuild'), 'build'>} esbuild
 * @param {string} file
 * @returns {Promise<string[]>} the names that it exports.
 */
async function exportsOf(esbuild, file) {
  const { metafile } = await esbuild.build({ entryPoints: [file], format: 'esm', metafile: true, write: false })
  return Object.values(metafile.outputs).flatMap(({ exports }) => exports)
}
