import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'
import t, { type Test } from 'tap'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const { dependencies, engines } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly engines: { readonly node: string }
}
const required = engines.node.replace('>=', '')

/** A fresh clone: no node_modules. */
function clone(test: Test): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-clone-'))
  test.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  for (const name of ['src', 'playbooks', 'package.json', 'package-lock.json'])
    cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true })
  return folder
}

function run(cwd: string, command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
  })
  return { exitCode: status, stdout, stderr }
}

t.test('without node_modules every entry and npm start say to run npm ci', async (t) => {
  const folder = clone(t)
  const says = {
    exitCode: 1,
    stdout: '',
    stderr: `${Object.keys(dependencies).length} npm packages (anser and others) are not installed: run "npm ci" in ${folder} first\n`,
  }
  const entries = readdirSync(path.join(folder, 'playbooks'))
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => `playbooks/${name}`)
  t.ok(entries.includes('playbooks/site.mjs'))
  for (const entry of [...entries, 'playbooks/swarm/stack.mjs'])
    t.strictSame(run(folder, process.execPath, entry), says, entry)
  for (const name of ['start', 'experiments', 'full'])
    t.strictSame(run(folder, 'npm', 'run', '--silent', name), says, name)
})

t.test('a package that was added since npm ci is named', async (t) => {
  const folder = clone(t)
  for (const name of Object.keys(dependencies))
    if (name !== 'zod') mkdirSync(path.join(folder, 'node_modules', name), { recursive: true })
  t.strictSame(run(folder, process.execPath, 'playbooks/site.mjs'), {
    exitCode: 1,
    stdout: '',
    stderr: `the npm package zod is not installed: run "npm ci" in ${folder} first\n`,
  })
})

t.test('an older Node is named first, by the version that package.json requires', async (t) => {
  const folder = clone(t)
  for (const version of ['18.20.8', '20.9.0', '20.18.99']) {
    const stub = path.join(folder, 'stub.cjs')
    writeFileSync(
      stub,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })\n`,
    )
    const { exitCode, stderr } = run(folder, process.execPath, '--require', stub, 'playbooks/site.mjs')
    t.equal(exitCode, 1)
    t.equal(
      stderr,
      `Labbook needs Node ${required} or newer, and this is Node ${version} (${process.execPath}): install a newer one, then run "npm ci" in ${folder}\n`,
    )
  }
})

t.test('an older Node can read what says so', async (t) => {
  const files = ['src/cli/entry.mjs', 'src/cli/prerequisites.mjs', 'playbooks/site.mjs']
  for (const file of files) {
    const text = readFileSync(path.join(ROOT, file), 'utf8')
    const written = (target: string): string => transformSync(text, { target, format: 'esm' }).code
    t.equal(written('node14.13.1'), written('esnext'), `${file}: no syntax that esbuild would rewrite for Node 14`)
    t.notMatch(text, /import\.meta\.(dirname|filename)/)
    const imports = [...text.matchAll(/^import .* from '(.+)'$/gm)].map(([, from]) => from as string)
    const others = imports
      .filter((from) => !from.startsWith('node:'))
      .map((from) => path.join(path.dirname(file), from))
    t.ok(
      others.every((other) => files.includes(other)),
      `${file} imports nothing else before: ${others.join(' ')}`,
    )
  }
})

t.test(
  'npm ci prints no warning: all packages support this Node, and package.json says which install scripts may run',
  async (t) => {
    const { exitCode, stderr } = run(clone(t), 'npm', 'ci', '--dry-run', '--offline', '--no-audit', '--no-fund')
    t.equal(stderr, '')
    t.equal(exitCode, 0)
    const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly hasInstallScript?: true }>>
    }
    const { allowScripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      readonly allowScripts: object
    }
    const withScripts = Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([at]) => at.replace(/^.*node_modules\//, ''))
    t.strictSame(
      Object.keys(allowScripts).sort(),
      withScripts.filter((name) => name !== 'fsevents').sort(),
      'npm 10 does not read it and says nothing',
    )
  },
)
