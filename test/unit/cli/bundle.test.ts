import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A separate project with one playbook, so that it has its own bundle cache. */
function project(test: Test): {
  readonly directory: string
  write(text: string): void
  run(...args: string[]): { output: string; exitCode: number | null }
  cached(): string[]
} {
  const directory = mkdtempSync(path.join(tmpdir(), 'labbook-bundle-'))
  test.teardown(() => {
    rmSync(directory, { recursive: true })
  })
  cpSync(path.join(ROOT, 'src'), path.join(directory, 'src'), { recursive: true })
  cpSync(path.join(ROOT, 'package.json'), path.join(directory, 'package.json'))
  mkdirSync(path.join(directory, 'node_modules'))
  for (const name of readdirSync(path.join(ROOT, 'node_modules'))) {
    if (name !== '.cache')
      symlinkSync(path.join(ROOT, 'node_modules', name), path.join(directory, 'node_modules', name))
  }
  mkdirSync(path.join(directory, 'playbooks/mine'), { recursive: true })
  writeFileSync(path.join(directory, 'inventory.yaml'), 'all:\n  hosts:\n    here: { ansible_connection: local }\n')
  const entry = path.join(directory, 'playbooks/mine.mjs')
  writeFileSync(entry, "import { runEntry } from '../src/cli/entry.mjs'\n\nawait runEntry(import.meta.url)\n")
  return {
    directory,
    write: (text) => {
      writeFileSync(path.join(directory, 'playbooks/mine/playbook.ts'), text)
    },
    run: (...args) => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [entry, '--yes', ...args], {
        cwd: directory,
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
      })
      return { output: stdout + stderr, exitCode: status }
    },
    cached: () =>
      readdirSync(path.join(directory, 'node_modules/.cache/labbook'))
        .map((name) => name.replace(/[0-9a-f]{16}/g, '*'))
        .sort(),
  }
}

const playbook = (task: string): string => `import { debug, copy, play, playbook } from '../../src/labbook.ts'

export default playbook({
  name: 'mine',
  description: 'A test.',
  steps: [play('Play', { hosts: 'here' }, () => [
    ${task},
  ])],
})
`

t.test('changed playbook is bundled again, and only one bundle is cached', async (t) => {
  const { write, run, cached } = project(t)
  write(playbook("debug({ msg: 'first' })"))
  t.match(run('-v').output, 'first')
  t.match(run('-v').output, 'first')
  t.strictSame(cached(), ['mine-*-*.cjs', 'mine-*-*.cjs.map', 'mine-*-*.cjs.v8', 'mine-*.json'])
  // Same length: V8 would accept the cached bytecode of the earlier text.
  write(playbook("debug({ msg: 'other' })"))
  t.match(run('-v').output, 'other')
  t.strictSame(cached(), ['mine-*-*.cjs', 'mine-*-*.cjs.map', 'mine-*-*.cjs.v8', 'mine-*.json'])
})

t.test('start loads the modules that it uses, and the cache has those of all starts', async (t) => {
  const { directory, write, run } = project(t)
  const cache = path.join(directory, 'node_modules/.cache/labbook')
  const cacheFile = (end: string): string =>
    path.join(cache, readdirSync(cache).find((name) => name.endsWith(end)) ?? '')
  const modules = (): string[] => {
    const { loaded } = JSON.parse(readFileSync(cacheFile('.json'), 'utf8')) as { loaded: string[] }
    return loaded.filter((file) => file.includes('/modules/core/')).map((file) => path.basename(file))
  }
  write(playbook(`debug({ msg: 'first' }), copy({ dest: '${directory}/copy', content: 'text' })`))
  t.equal(run('--help').exitCode, 0)
  t.strictSame(modules(), [])
  const first = statSync(cacheFile('.v8'))
  t.match(run('-v').output, 'first')
  t.strictSame(modules(), ['debug.ts', 'copy.ts'])
  const second = statSync(cacheFile('.v8'))
  t.ok(second.size > first.size, 'the cache has more code')
  run('--help')
  run('-v')
  t.equal(statSync(cacheFile('.v8')).ino, second.ino, 'a cache that has all is not written again')
})

t.test('classes that are loaded on demand are classes', (t) => {
  const { write, run } = project(t)
  write(`import ssh2 from 'ssh2'
class Mine extends ssh2.HTTPAgent { hello() { return 'hello' } }
const [own, plain] = [new Mine({}), new ssh2.HTTPAgent({})]
console.log(own.hello(), own instanceof Mine, own instanceof ssh2.HTTPAgent, plain instanceof ssh2.HTTPAgent)
export default { name: 'mine', description: 'x', steps: [] }
`)
  t.match(run('--help').output, /^hello true true true$/m)
  t.end()
})

t.test('playbook is bundled again when Yarn installed other packages', async (t) => {
  const { directory, write, run } = project(t)
  write(`import { msg } from 'tool'\n${playbook('debug({ msg })')}`)
  const tool = path.join(directory, 'node_modules/tool')
  mkdirSync(tool)
  writeFileSync(path.join(tool, 'package.json'), '{ "type": "module", "main": "index.js" }')
  let version = 0
  for (const list of ['.yarn-integrity', '.yarn-state.yml'])
    for (const step of ['installs', 'updates']) {
      version += 1
      writeFileSync(path.join(tool, 'index.js'), `export const msg = 'version ${version}'\n`)
      writeFileSync(path.join(directory, 'node_modules', list), `tool ${version}\n`)
      t.match(run('-v').output, `version ${version}`, `${list}: Yarn ${step} the package`)
    }
})

t.test('playbook is bundled again when an import has another meaning', async (t) => {
  const { directory, write, run } = project(t)
  write(`import { msg } from 'texts'\n${playbook('debug({ msg })')}`)
  for (const name of ['one', 'two']) {
    mkdirSync(path.join(directory, name))
    writeFileSync(path.join(directory, name, 'texts.ts'), `export const msg = 'from ${name}'\n`)
  }
  const config = (file: string, value: object): void => {
    writeFileSync(path.join(directory, file), JSON.stringify(value))
  }
  const paths = (name: string) => ({ compilerOptions: { paths: { '*': [`./${name}/*`] } } })
  config('tsconfig.json', { extends: './tsconfig.base.json' })
  config('tsconfig.base.json', paths('one'))
  t.match(run('-v').output, 'from one')
  config('tsconfig.base.json', paths('two'))
  t.match(run('-v').output, 'from two', 'a file that tsconfig.json extends')
  config('tsconfig.json', paths('one'))
  t.match(run('-v').output, 'from one', 'tsconfig.json')
  config('playbooks/tsconfig.json', { extends: '../tsconfig.base.json' })
  t.match(run('-v').output, 'from two', 'new, in the directory of the playbook')
  write(`import { msg } from '#texts'\n${playbook('debug({ msg })')}`)
  const about = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8')) as object
  for (const name of ['one', 'two']) {
    config('package.json', { ...about, imports: { '#texts': `./${name}/texts.ts` } })
    t.match(run('-v').output, `from ${name}`, 'package.json')
  }
})

t.test('each Labbook has its bundle of a playbook', async (t) => {
  const { directory, write, run, cached } = project(t)
  write(playbook("debug({ msg: 'first' })").replace('../../src/labbook.ts', 'labbook'))
  t.match(run('--version').output, /^labbook \d/)
  const other = path.join(directory, 'other')
  cpSync(path.join(ROOT, 'src'), path.join(other, 'src'), { recursive: true })
  const about = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as object
  writeFileSync(path.join(other, 'package.json'), JSON.stringify({ ...about, version: '99.0.0' }))
  const entry = path.join(directory, 'playbooks/mine.mjs')
  writeFileSync(entry, readFileSync(entry, 'utf8').replace('../src', '../other/src'))
  t.equal(run('--version').output, 'labbook 99.0.0\n')
  t.equal(cached().filter((name) => name.endsWith('.json')).length, 2)
})

t.test('error position refers to the playbook, not to the bundle', async (t) => {
  const { write, run } = project(t)
  write(playbook("copy({ dest: 'relative', content: '' })"))
  for (const which of ['built', 'cached']) {
    const { output, exitCode } = run()
    t.equal(exitCode, 2, which)
    t.match(output, /playbooks\/mine\/playbook\.ts:7:5: copy: dest/, which)
  }
})

t.test('syntax error in the playbook has its position, and nothing runs', async (t) => {
  const { write, run } = project(t)
  write(playbook('debug({ msg: )'))
  const { output, exitCode } = run()
  t.equal(exitCode, 1)
  t.match(output, /^playbooks\/mine\/playbook\.ts:7:\d+: .+\n$/)
})

t.test('error for a missing or wrong export says what to write', async (t) => {
  const { write, run, directory } = project(t)
  const file = path.join(directory, 'playbooks/mine/playbook.ts')
  const remedy = 'write: export default playbook({ name, description, steps })'
  t.strictSame(run(), { output: `${file} does not exist: mine.mjs runs its default export\n`, exitCode: 1 })
  const cases: Readonly<Record<string, string>> = {
    "export const mine = { name: 'mine' }": `has no default export; ${remedy}`,
  }
  for (const [text, problem] of Object.entries(cases)) {
    write(text)
    t.strictSame(run(), { output: `${file}: ${problem}\n`, exitCode: 1 }, text)
  }
})

t.test('error thrown by a playbook, on load or in its functions, has its position', async (t) => {
  const { write, run, directory } = project(t)
  write(
    "import { play, playbook } from '../../src/labbook.ts'\n\nconst settings = {} as { own: { hosts: string } }\n" +
      "export default playbook({ name: 'mine', description: 'd', steps: [play('Play', { hosts: settings.own.hosts }, () => [])] })\n",
  )
  const message = "Cannot read properties of undefined (reading 'hosts')"
  for (const which of ['built', 'cached'])
    t.strictSame(run(), { output: `playbooks/mine/playbook.ts:4:102: ${message}\n`, exitCode: 1 }, which)
  write(
    "import { play, playbook } from '../../src/labbook.ts'\n\nconst settings = {} as { own: { hosts: string } }\n" +
      "export default playbook({ name: 'mine', description: 'd', steps: () => [play('Play', { hosts: settings.own.hosts }, () => [])] })\n",
  )
  t.strictSame(run(), { output: `${directory}/playbooks/mine/playbook.ts:4:108: ${message}\n`, exitCode: 1 })
})
