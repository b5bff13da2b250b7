import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { build } from 'esbuild'
import { BUNDLED, type Manifest, packageManifest } from './manifest.ts'

/*
 * Writes the package to `dist/`: `npm run build`. Its files have the places that they have in the repository, so that
 * code finds what is beside it in both.
 */

const ROOT = path.join(import.meta.dirname, '..')
const DIST = path.join(ROOT, 'dist')
const require = createRequire(import.meta.url)

/** What is not compiled: read at run time, or by people. */
const COPIED = ['CHANGELOG.md', 'LICENSE', 'README.md', 'app', 'docs/modules.md', 'schema', 'starter', 'templates']
/** In `src` and `playbooks`, beside the code. */
const ASSET = /\.(css|py)$/
/** Not for users. */
const LEFT_OUT = /(^|\/)(tests|__pycache__|chart\.ts)$/

/** Types that the package's declarations name. */
const TYPES = ['@types/node']

interface PackageJson extends Manifest {
  readonly devDependencies: Readonly<Record<string, string>>
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))
const writeJson = (file: string, value: unknown): void => {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}

/** Compiles `src` and `playbooks` to JavaScript and declarations. */
function compile(): void {
  const compiler = path.join(ROOT, 'node_modules/typescript7/bin/tsc')
  const { status } = spawnSync(process.execPath, [compiler, '-p', path.join(import.meta.dirname, 'tsconfig.json')], {
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('the package does not compile')
}

function copyFiles(): void {
  const filter = (source: string): boolean => !LEFT_OUT.test(source)
  for (const name of COPIED) cpSync(path.join(ROOT, name), path.join(DIST, name), { recursive: true, filter })
  for (const directory of ['src', 'playbooks'])
    for (const name of readdirSync(path.join(ROOT, directory), { recursive: true, encoding: 'utf8' }))
      if (ASSET.test(name)) cpSync(path.join(ROOT, directory, name), path.join(DIST, directory, name))
}

/** The directory of an installed package. */
const packageDirectory = (name: string): string => path.join(ROOT, 'node_modules', name)

/** Puts a package of {@link BUNDLED} into the package, without its install script, as one file. */
async function bundlePackage(name: (typeof BUNDLED)[number]): Promise<void> {
  const directory = path.join(DIST, 'node_modules', name)
  const { version, license } = readJson(path.join(packageDirectory(name), 'package.json')) as Manifest
  const main = name === 'esbuild' ? 'lib/main.js' : 'index.js'
  writeJson(path.join(directory, 'package.json'), { name, version, license, main, types: 'index.d.ts' })
  for (const file of readdirSync(packageDirectory(name)).filter((each) => /^license/i.test(each)))
    cpSync(path.join(packageDirectory(name), file), path.join(directory, file))
  // Declarations of the package name its types.
  if (name === 'ssh2')
    cpSync(path.join(packageDirectory('@types/ssh2'), 'index.d.ts'), path.join(directory, 'index.d.ts'))
  // esbuild refuses to be bundled, and is one file already.
  if (name === 'esbuild') cpSync(require.resolve(name), path.join(directory, main))
  else
    await build({
      entryPoints: [require.resolve(name)],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      external: ['*.node', 'cpu-features', ...BUNDLED],
      outfile: path.join(directory, main),
      logLevel: 'warning',
    })
}

rmSync(DIST, { recursive: true, force: true })
compile()
copyFiles()
for (const name of BUNDLED) await bundlePackage(name)
const repository = readJson(path.join(ROOT, 'package.json')) as PackageJson
const { optionalDependencies } = readJson(path.join(packageDirectory('esbuild'), 'package.json')) as {
  readonly optionalDependencies: Readonly<Record<string, string>>
}
const types = Object.fromEntries(TYPES.map((name) => [name, repository.devDependencies[name] ?? '*']))
writeJson(path.join(DIST, 'package.json'), packageManifest(repository, types, optionalDependencies))
