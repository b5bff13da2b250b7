import { existsSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { openRunFolder } from '../../../src/evidence/index.ts'

const now = new Date('2026-11-21T04:30:00.123Z')

await t.test('makes a folder named after time and playbook, and points latest to it', async (t) => {
  const root = `${t.testdir()}/runs`
  const folder = openRunFolder({ root, playbook: 'playbooks/site.mjs', now })
  t.equal(folder.name, '2026-11-21T04-30-00Z-site')
  t.ok(existsSync(folder.path))
  t.equal(readlinkSync(`${root}/latest`), folder.name)
})

await t.test('two runs in one second have a folder each; latest is the second', async (t) => {
  const root = t.testdir()
  openRunFolder({ root, playbook: 'site', now })
  const second = openRunFolder({ root, playbook: 'site', now })
  t.equal(second.name, '2026-11-21T04-30-00Z-site-2')
  t.equal(readlinkSync(`${root}/latest`), second.name)
  t.strictSame(readdirSync(root).sort(), ['2026-11-21T04-30-00Z-site', '2026-11-21T04-30-00Z-site-2', 'latest'])
})

await t.test('says what is in the way', async (t) => {
  const root = t.testdir()
  writeFileSync(`${root}/file`, '')
  t.throws(
    () => openRunFolder({ root: `${root}/file/runs`, playbook: 'site', now }),
    /cannot make the folder for runs .*: a part of the path is a file/,
  )
  mkdirSync(`${root}/latest`)
  t.throws(
    () => openRunFolder({ root, playbook: 'site', now }),
    /cannot point .*latest .*: a folder of that name is in the way/,
  )
})
