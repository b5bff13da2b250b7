import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import * as z from 'zod'
import type { Connection } from '../../../src/connection/connection.ts'
import { connectionSettings, openConnection } from '../../../src/connection/index.ts'
import { lineinfile } from '../../../src/modules/core/lineinfile.ts'
import { sysctl } from '../../../src/modules/core/sysctl.ts'
import { defineModule } from '../../../src/modules/task.ts'
import { play } from '../../../src/playbook/play.ts'
import { runSteps, shellConnection } from '../../support/play-run.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'labbook-concurrent-'))
t.teardown(() => {
  rmSync(folder, { recursive: true })
})
const at = (name: string): string => path.join(folder, name)
const linesOf = (name: string): string[] => readFileSync(at(name), 'utf8').trim().split('\n')

t.test('hosts that delegate to one machine lose no lines', async (t) => {
  const hosts = Array.from({ length: 20 }, (_, i) => `web${i + 1}`)
  const steps = [
    play('p', { hosts: 'all,!lb' }, ({ host }) => [
      lineinfile({ path: at('members'), line: host, create: true, delegate_to: 'lb' }),
    ]),
  ]
  let exchanges = 0
  const connect = (name: string): Connection => {
    const connection = openConnection(connectionSettings(name, { ansible_connection: 'local' }))
    return {
      preconnect: () => {
        connection.preconnect()
      },
      exec: async (script, options) => {
        exchanges += 1
        return await connection.exec(script, options)
      },
      close: () => connection.close(),
    }
  }
  const ran = await runSteps(steps, { hosts: [...hosts, 'lb'], forks: 20, connect })
  t.equal(ran.exitCode, 0)
  t.same(linesOf('members').sort(), hosts.sort())
  t.equal(exchanges, 40, 'one round trip for the probe and one for the change, as without delegation')
})

/** Another program writes to a file between the probe and the change, a number of times. */
function disturbed(file: string, times: number) {
  let exchange = 0
  return () =>
    shellConnection(() => {
      exchange += 1
      if (exchange % 2 === 0 && exchange / 2 <= times) appendFileSync(file, `other ${exchange / 2}\n`)
    })
}

t.test('a change by another program between probe and change is not lost', async (t) => {
  for (const [name, task] of [
    ['lines', lineinfile({ path: at('lines'), line: 'mine' })],
    ['sysctl', sysctl({ name: 'a.b', value: '1', sysctl_file: at('sysctl'), reload: false })],
  ] as const) {
    writeFileSync(at(name), 'first\n')
    const ran = await runSteps([play('p', { hosts: 'all' }, () => [task])], { connect: disturbed(at(name), 3) })
    t.same(
      ran.results.map(({ status, changes }) => [status, changes.length]),
      [['changed', 1]],
      ran.results[0]?.message ?? '',
    )
    t.same(linesOf(name), ['first', 'other 1', 'other 2', 'other 3', name === 'lines' ? 'mine' : 'a.b = 1'])
  }
})

t.test('a file that another program changes all the time fails the task, and keeps its text', async (t) => {
  writeFileSync(at('busy'), '')
  const ran = await runSteps([play('p', { hosts: 'all' }, () => [lineinfile({ path: at('busy'), line: 'mine' })])], {
    connect: disturbed(at('busy'), 1000),
  })
  t.equal(ran.results[0]?.status, 'failed')
  t.match(ran.results[0]?.message, 'was changed by another program at the same time')
  t.equal(linesOf('busy').length, 11)
  t.notOk(linesOf('busy').includes('mine'))
})

t.test('a change that another program made first is no change', async (t) => {
  writeFileSync(at('same'), '')
  let exchange = 0
  const connect = () =>
    shellConnection(() => {
      if (++exchange === 2) writeFileSync(at('same'), 'mine\n')
    })
  const ran = await runSteps([play('p', { hosts: 'all' }, () => [lineinfile({ path: at('same'), line: 'mine' })])], {
    connect,
  })
  t.equal(ran.results[0]?.status, 'ok')
  t.same(linesOf('same'), ['mine'])
})

/** Two changes, of which the second is planned again twice. */
const twoSteps = defineModule({
  name: 'two_steps',
  schema: z.strictObject({}),
  title: () => 'two steps',
  reads: () => [],
  sets: () => [],
  probe: () => `cat ${at('steps')} 2>/dev/null || :`,
  plan: (_, { stdout }) => {
    const done = stdout.split('\n').filter((word) => word !== '')
    return {
      changes: [
        ...(done.includes('one') ? [] : [{ description: 'one', script: `echo one >>${at('steps')}` }]),
        ...(done.includes('two')
          ? []
          : [
              {
                description: 'two',
                script: `echo try >>${at('steps')}; [ "$(grep -c try ${at('steps')})" = 3 ] || exit 75; echo two >>${at('steps')}`,
                outdatedExitCode: 75,
              },
            ]),
      ],
    }
  },
})

t.test('changes before the one that was planned again are reported, once', async (t) => {
  const ran = await runSteps([play('p', { hosts: 'all' }, () => [twoSteps({})])])
  t.same(
    ran.results.map(({ status, changes }) => [status, changes.map(({ description }) => description)]),
    [['changed', ['one', 'two']]],
  )
  t.ok(existsSync(at('steps')))
  t.same(linesOf('steps'), ['one', 'try', 'try', 'try', 'two'])
})
