import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t from 'tap'
import { guideSteps } from '../support/guide.ts'

/* "Add a module in 30 minutes" of CONTRIBUTING.md, followed in a copy of the repository. */

const ROOT = path.join(import.meta.dirname, '../..')
const copy = mkdtempSync(path.join(os.tmpdir(), 'labbook-module-'))
t.teardown(() => {
  rmSync(copy, { recursive: true, force: true })
})

const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
for (const file of listed.split('\0').filter(Boolean)) {
  mkdirSync(path.dirname(path.join(copy, file)), { recursive: true })
  cpSync(path.join(ROOT, file), path.join(copy, file))
}
symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'))

const steps = guideSteps(readFileSync(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8'), 'Add a module in 30 minutes')
const outputs = new Map<string, string>()

for (const step of steps) {
  if (step.kind === 'file') {
    writeFileSync(path.join(copy, step.path), step.text)
    continue
  }
  await t.test(step.command, async (t) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', step.command], {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    })
    if (!t.equal(status, 0)) t.comment((stdout + stderr).slice(-5000))
    outputs.set(step.command, stdout)
  })
}

t.test('the steps do what the text says', async (t) => {
  t.ok(outputs.size >= 9, `${outputs.size} commands are found`)
  const output = (start: string): string =>
    [...outputs].find(([command]) => command.startsWith(start))?.[1] ?? `no command ${start}`
  t.match(output('node --import=tsx test/unit/modules/core/motd_line.test.ts'), /# \{ total: [1-9]|ok \d+ - bash: /)
  t.match(output('node src/cli/labbook.mjs run try.ts'), 'set /tmp/motd_line to Welcome')
  t.match(output('node src/cli/labbook.mjs doc motd_line'), 'Sets the value in a file of one line.')
  t.match(readFileSync(path.join(copy, 'docs/modules.md'), 'utf8'), '\n## motd_line\n')
})
