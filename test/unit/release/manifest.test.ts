import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { releasedChangelog } from '../../../release/changelog.ts'
import { BUNDLED, type Manifest, packageManifest } from '../../../release/manifest.ts'

const ROOT = path.join(import.meta.dirname, '../../..')
const readJson = (file: string): unknown => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8'))

interface Locked {
  readonly hasInstallScript?: boolean
  readonly deprecated?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const { packages } = readJson('package-lock.json') as {
  readonly packages: Readonly<Record<string, Locked>>
}
const manifest = packageManifest(
  readJson('package.json') as Manifest,
  { '@types/node': '*' },
  { '@esbuild/x': '1.0.0' },
)

/** Where npm has put a package that another one needs. */
function locationOf(name: string, from: string): string {
  for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
    const location = `${place === '' ? '' : `${place}/`}node_modules/${name}`
    if (packages[location] !== undefined) return location
    if (place === '') throw new Error(`${name} of ${from} is not in package-lock.json`)
  }
}

/** The packages that a user installs, besides Labbook. */
function installed(): string[] {
  const found = new Set<string>()
  const visit = (name: string, from: string): void => {
    const location = locationOf(name, from)
    if (found.has(location)) return
    found.add(location)
    for (const each of Object.keys(packages[location]?.dependencies ?? {})) visit(each, location)
  }
  for (const name of Object.keys(manifest['dependencies'] as object))
    if (!BUNDLED.some((bundled) => bundled === name)) visit(name, '')
  return [...found]
}

t.test('the package has the repository, which npm compares with that of the CI run', async (t) => {
  const repository = { type: 'git', url: 'git+https://example.org/labbook.git' }
  t.same(packageManifest({ ...(readJson('package.json') as Manifest), repository }, {}, {})['repository'], repository)
})

t.test('a user installs fewer than 160 packages, none with an install script or a deprecation', async (t) => {
  const all = installed()
  t.ok(all.length > 50, 'the packages were found')
  // Labbook, and esbuild's program.
  t.ok(all.length + 2 < 160, `${all.length + 2} packages`)
  const loud = all.filter((location) => {
    const { hasInstallScript = false, deprecated } = packages[location] ?? {}
    return hasInstallScript || deprecated !== undefined
  })
  t.same(loud, [], 'npm and pnpm would warn; see BUNDLED')
})

t.test('the package has JavaScript and declarations where the repository has TypeScript', async (t) => {
  t.strictSame((manifest['exports'] as Record<string, unknown>)['.'], {
    types: './src/labbook.d.ts',
    default: './src/labbook.js',
  })
  t.strictSame((manifest['exports'] as Record<string, unknown>)['./cli'], {
    types: './src/cli/entry.d.mts',
    default: './src/cli/entry.mjs',
  })
  t.strictSame(manifest['bin'], { labbook: './src/cli/labbook.mjs' })
  t.notOk('devDependencies' in manifest || 'scripts' in manifest || 'private' in manifest)
  t.notOk('zx' in (manifest['dependencies'] as object), 'only the repository has zx scripts')
})

t.test('a release moves what is unreleased under its version', async (t) => {
  const changelog = '# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.1.0 (2026-01-01)\n\n- First.\n'
  t.equal(
    releasedChangelog(changelog, '0.2.0', '2026-02-03'),
    '# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-02-03)\n\n- New.\n\n## 0.1.0 (2026-01-01)\n\n- First.\n',
  )
  const empty = '# Changelog\n\n## Unreleased\n\n## 0.1.0\n\n- First.\n'
  t.throws(() => releasedChangelog(empty, '0.2.0', ''), { message: /nothing under "Unreleased"/ })
  t.doesNotThrow(() => releasedChangelog(readFileSync(path.join(ROOT, 'CHANGELOG.md'), 'utf8'), '9.9.9', ''))
})

t.test('plays of the package find their templates in every project', async (t) => {
  const relative = readdirSync(path.join(ROOT, 'playbooks'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .filter((name) => /\bsrc: ['`](?!\/|\$)/.test(readFileSync(path.join(ROOT, 'playbooks', name), 'utf8')))
  t.same(relative, [], 'templateFile() names them')
})
