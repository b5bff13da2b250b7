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
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-clone-'))
  test.teardown(() => {
    rmSync(directory, { recursive: true })
  })
  for (const name of ['src', 'playbooks', 'package.json', 'package-lock.json'])
    cpSync(path.join(ROOT, name), path.join(directory, name), { recursive: true })
  return directory
}

function run(cwd: string, command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
  })
  return { exitCode: status, stdout, stderr }
}

t.test('every entry point without node_modules says to run npm ci', async (t) => {
  const directory = clone(t)
  const expected = {
    exitCode: 1,
    stdout: '',
    stderr: `${Object.keys(dependencies).length} npm packages (anser and others) are not installed: run "npm ci" in ${directory} first\n`,
  }
  const entries = readdirSync(path.join(directory, 'playbooks'))
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => `playbooks/${name}`)
  t.ok(entries.includes('playbooks/site.mjs'))
  for (const entry of [...entries, 'playbooks/stack.mjs'])
    t.strictSame(run(directory, process.execPath, entry), expected, entry)
  for (const name of ['start', 'experiments', 'full'])
    t.strictSame(run(directory, 'npm', 'run', '--silent', name), expected, name)
})

t.test('error in an installed package says to install in its project', async (t) => {
  const project = clone(t)
  for (const place of ['node_modules/labbook', 'node_modules/.pnpm/labbook@1.0.0/node_modules/labbook']) {
    const directory = path.join(project, place)
    mkdirSync(directory, { recursive: true })
    for (const name of ['src', 'package.json'])
      cpSync(path.join(ROOT, name), path.join(directory, name), { recursive: true })
    const { stderr } = run(project, process.execPath, path.join(place, 'src/cli/labbook.mjs'), '--version')
    t.match(stderr, `are not installed: run "npm install" in ${project} first\n`, place)
    rmSync(path.join(project, 'package.json'))
    const other = run(project, process.execPath, path.join(place, 'src/cli/labbook.mjs'), '--version')
    t.match(other.stderr, 'are not installed: run "npm install --global labbook" first\n', place)
    cpSync(path.join(ROOT, 'package.json'), path.join(project, 'package.json'))
  }
})

t.test('error for a package added since npm ci names it', async (t) => {
  const directory = clone(t)
  for (const name of Object.keys(dependencies))
    if (name !== 'zod') mkdirSync(path.join(directory, 'node_modules', name), { recursive: true })
  t.strictSame(run(directory, process.execPath, 'playbooks/site.mjs'), {
    exitCode: 1,
    stdout: '',
    stderr: `npm package zod is not installed: run "npm ci" in ${directory} first\n`,
  })
})

t.test('error for an old Node comes first and has the version required by package.json', async (t) => {
  const directory = clone(t)
  for (const version of ['18.20.8', '20.9.0', '20.18.99']) {
    const stub = path.join(directory, 'stub.cjs')
    writeFileSync(
      stub,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })\n`,
    )
    const { exitCode, stderr } = run(directory, process.execPath, '--require', stub, 'playbooks/site.mjs')
    t.equal(exitCode, 1, `Node ${version}`)
    t.equal(
      stderr,
      `Labbook requires Node ${required} or newer, but this is Node ${version} (${process.execPath}): upgrade it, then run "npm ci" in ${directory}\n`,
      `Node ${version}`,
    )
  }
})

t.test('prerequisite check runs on an old Node', async (t) => {
  const files = ['src/cli/entry.mjs', 'src/cli/prerequisites.mjs', 'src/cli/project-root.mjs', 'playbooks/site.mjs']
  for (const file of files) {
    const text = readFileSync(path.join(ROOT, file), 'utf8')
    const written = (target: string): string => transformSync(text, { target, format: 'esm' }).code
    t.equal(written('node14.13.1'), written('esnext'), `${file}: no syntax that esbuild would rewrite for Node 14`)
    t.notMatch(text, /import\.meta\.(dirname|filename)/, file)
    const imports = [...text.matchAll(/^import .* from '(.+)'$/gm)].map(([, from]) => from as string)
    const others = imports
      .filter((from) => !from.startsWith('node:'))
      .map((from) => (from === 'labbook/cli' ? 'src/cli/entry.mjs' : path.join(path.dirname(file), from)))
    t.ok(
      others.every((other) => files.includes(other)),
      `${file} imports nothing else before: ${others.join(' ')}`,
    )
  }
})

t.test(
  'npm ci prints no warning: all packages support this Node, and package.json lists allowed install scripts',
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
      'npm 10 ignores it silently',
    )
  },
)
