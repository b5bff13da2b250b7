import { existsSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { createRunDirectory } from '../../../src/evidence/index.ts'

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
