import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** A project of its own with one playbook, so that its bundle is nobody else's. */
function project(test: Test): {
  readonly folder: string
  write(text: string): void
  run(...args: string[]): { said: string; exitCode: number | null }
  kept(): string[]
} {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-bundle-'))
  test.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  cpSync(path.join(ROOT, 'src'), path.join(folder, 'src'), { recursive: true })
  cpSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'))
  mkdirSync(path.join(folder, 'node_modules'))
  for (const name of readdirSync(path.join(ROOT, 'node_modules'))) {
    if (name !== '.cache') symlinkSync(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name))
  }
  mkdirSync(path.join(folder, 'playbooks/mine'), { recursive: true })
  writeFileSync(path.join(folder, 'inventory.yaml'), 'all:\n  hosts:\n    here: { ansible_connection: local }\n')
  const entry = path.join(folder, 'playbooks/mine.mjs')
  writeFileSync(entry, "import { runEntry } from '../src/cli/entry.mjs'\n\nawait runEntry(import.meta.url)\n")
  return {
    folder,
    write: (text) => {
      writeFileSync(path.join(folder, 'playbooks/mine/playbook.ts'), text)
    },
    run: (...args) => {
      const { stdout, stderr, status } = spawnSync(process.execPath, [entry, '--yes', ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
      })
      return { said: stdout + stderr, exitCode: status }
    },
    kept: () =>
      readdirSync(path.join(folder, 'node_modules/.cache/labbook'))
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

t.test('a changed playbook is what runs next, and one bundle of it is kept', async (t) => {
  const { write, run, kept } = project(t)
  write(playbook("debug({ msg: 'first' })"))
  t.match(run('-v').said, 'first')
  t.match(run('-v').said, 'first')
  t.strictSame(kept(), ['mine-*-*.cjs', 'mine-*-*.cjs.map', 'mine-*-*.cjs.v8', 'mine-*.json'])
  // Of the same length: V8 would take the compiled form of the earlier text for this one's.
  write(playbook("debug({ msg: 'other' })"))
  t.match(run('-v').said, 'other')
  t.strictSame(kept(), ['mine-*-*.cjs', 'mine-*-*.cjs.map', 'mine-*-*.cjs.v8', 'mine-*.json'])
})

t.test('a message names the line of the playbook, not of the bundle', async (t) => {
  const { write, run } = project(t)
  write(playbook("copy({ dest: 'relative', content: '' })"))
  for (const which of ['made', 'kept']) {
    const { said, exitCode } = run()
    t.equal(exitCode, 2, which)
    t.match(said, /playbooks\/mine\/playbook\.ts:7:5: copy: dest/, which)
  }
})

t.test('a mistake in the playbook is told by its place, and nothing runs', async (t) => {
  const { write, run } = project(t)
  write(playbook('debug({ msg: )'))
  const { said, exitCode } = run()
  t.equal(exitCode, 1)
  t.match(said, /^playbooks\/mine\/playbook\.ts:7:\d+: .+\n$/)
})

t.test('a playbook that exports none, or something else, is told what to export', async (t) => {
  const { write, run, folder } = project(t)
  const file = path.join(folder, 'playbooks/mine/playbook.ts')
  const how = 'write: export default playbook({ name, description, steps })'
  t.strictSame(run(), { said: `${file} does not exist: it has to export what mine.mjs runs\n`, exitCode: 1 })
  const cases: Readonly<Record<string, string>> = {
    "export const mine = { name: 'mine' }": `has no default export; ${how}`,
  }
  for (const [text, problem] of Object.entries(cases)) {
    write(text)
    t.strictSame(run(), { said: `${file}: ${problem}\n`, exitCode: 1 }, text)
  }
})

t.test('what a playbook throws while it is loaded, or in its own functions, is told by its place', async (t) => {
  const { write, run, folder } = project(t)
  write(
    "import { play, playbook } from '../../src/labbook.ts'\n\nconst settings = {} as { own: { hosts: string } }\n" +
      "export default playbook({ name: 'mine', description: 'd', steps: [play('Play', { hosts: settings.own.hosts }, () => [])] })\n",
  )
  const message = "Cannot read properties of undefined (reading 'hosts')"
  for (const which of ['made', 'kept'])
    t.strictSame(run(), { said: `playbooks/mine/playbook.ts:4:102: ${message}\n`, exitCode: 1 }, which)
  write(
    "import { play, playbook } from '../../src/labbook.ts'\n\nconst settings = {} as { own: { hosts: string } }\n" +
      "export default playbook({ name: 'mine', description: 'd', steps: () => [play('Play', { hosts: settings.own.hosts }, () => [])] })\n",
  )
  t.strictSame(run(), { said: `${folder}/playbooks/mine/playbook.ts:4:108: ${message}\n`, exitCode: 1 })
})
