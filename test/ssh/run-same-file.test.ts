import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { lineinfile } from '../../src/modules/core/lineinfile.ts'
import { play } from '../../src/playbook/play.ts'
import { connectTo, runSteps } from '../support/play-run.ts'
import { startSshd } from '../support/sshd.ts'

const folder = mkdtempSync(join(tmpdir(), 'labbook-same-file-'))
const sshd = await startSshd({ config: [`SetEnv LABBOOK_STATE=${folder}`] })
t.teardown(async () => {
  await sshd.stop()
  rmSync(folder, { recursive: true })
})

t.test('two runs at the same time, each of ten hosts that delegate to one, lose no lines', async (t) => {
  const path = join(folder, 'members')
  writeFileSync(path, 'first\n')
  const hostsOf = (run: string): string[] => Array.from({ length: 10 }, (_, i) => `${run}${i}`)
  const run = (name: string) =>
    runSteps([play('p', { hosts: 'all,!lb' }, ({ host }) => [lineinfile({ path, line: host, delegate_to: 'lb' })])], {
      hosts: [...hostsOf(name), 'lb'],
      forks: 10,
      connect: connectTo(sshd),
    })
  const runs = await Promise.all([run('a'), run('b')])
  t.same(
    runs.flatMap(({ results }) => results.filter(({ status }) => status !== 'changed')),
    [],
  )
  t.same(readFileSync(path, 'utf8').trim().split('\n').sort(), [...hostsOf('a'), ...hostsOf('b'), 'first'].sort())
})
