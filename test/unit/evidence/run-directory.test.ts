import { existsSync, mkdirSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createRunDirectory, openRecorder, writeSummary } from '../../../src/evidence/index.ts'
import { renderReport } from '../../../src/report/index.ts'
import { richRun } from '../report/rich-run.ts'

const now = new Date('2026-11-21T04:30:00.123Z')

await t.test('run directory is named after time and playbook, and latest points to it', async (t) => {
  const root = `${t.testdir()}/runs`
  const directory = createRunDirectory({ root, playbook: 'playbooks/site.mjs', now })
  t.equal(directory.name, '2026-11-21T04-30-00Z-site')
  t.ok(existsSync(directory.path))
  t.equal(readlinkSync(`${root}/latest`), directory.name)
})

await t.test('two runs in one second have separate directories; latest is the second', async (t) => {
  const root = t.testdir()
  createRunDirectory({ root, playbook: 'site', now })
  const second = createRunDirectory({ root, playbook: 'site', now })
  t.equal(second.name, '2026-11-21T04-30-00Z-site-2')
  t.equal(readlinkSync(`${root}/latest`), second.name)
  t.strictSame(readdirSync(root).sort(), ['2026-11-21T04-30-00Z-site', '2026-11-21T04-30-00Z-site-2', 'latest'])
})

await t.test('only the user who runs the playbook can read what a run writes', async (t) => {
  const umask = process.umask(0)
  t.teardown(() => process.umask(umask))
  const directory = createRunDirectory({ root: t.testdir(), playbook: 'site', now })
  const recorder = openRecorder(directory)
  for (const event of richRun()) recorder.record(event)
  const output = recorder.output({ host: 'a', task: 'b', stream: 'stdout' })
  output.write(Buffer.from('x'))
  output.close()
  recorder.close()
  writeSummary(directory, recorder.summary())
  await renderReport(directory.path)
  const modes = readdirSync(directory.path, { recursive: true, encoding: 'utf8' }).map((name): [string, string] => {
    const stat = statSync(join(directory.path, name))
    return [name, `${stat.isDirectory() ? 'directory' : 'file'} ${(stat.mode & 0o777).toString(8)}`]
  })
  t.equal(statSync(directory.path).mode & 0o777, 0o700)
  t.same(
    modes.filter(([, mode]) => mode !== 'file 600' && mode !== 'directory 700'),
    [],
  )
  const names = modes.map(([name]) => name.replace(/^(img|data|output)\/.*/, '$1/...'))
  for (const name of ['events.jsonl', 'summary.json', 'report.html', 'report.md', 'output/...', 'img/...', 'data/...'])
    t.ok(names.includes(name), name)
})

await t.test('error for a conflicting file or directory names it', async (t) => {
  const root = t.testdir()
  writeFileSync(`${root}/file`, '')
  t.throws(
    () => createRunDirectory({ root: `${root}/file/runs`, playbook: 'site', now }),
    /cannot create directory .*: a parent is a file, not a directory/,
  )
  mkdirSync(`${root}/latest`)
  t.throws(
    () => createRunDirectory({ root, playbook: 'site', now }),
    /cannot update symbolic link .*latest: a directory with this name exists/,
  )
})
