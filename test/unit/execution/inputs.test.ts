import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { defineModule } from '../../../src/modules/task.ts'
import { InputReader } from '../../../src/execution/inputs.ts'
import { experiment } from '../../../src/playbook/experiment.ts'
import { play } from '../../../src/playbook/play.ts'
import { sh } from '../../../src/shell/quote.ts'
import { line, runSteps, type PlayRunOptions } from '../../support/play-run.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'labbook-inputs-'))
t.teardown(() => {
  rmSync(folder, { recursive: true })
})
const at = (name: string): string => path.join(folder, name)
const fresh = (files: Record<string, string>): void => {
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text)
}

/** A module that copies a file of the controller to the host. */
const put = defineModule({
  name: 'put',
  schema: z.strictObject({ src: z.string(), to: z.string() }),
  title: ({ to }) => to,
  inputs: ({ src }) => ({ src }),
  reads: ({ to }) => [to],
  sets: ({ to }) => [to],
  probe: ({ to }) => sh`cat ${to} 2>/dev/null || :`,
  plan: ({ to }, { stdout }, { src }) => {
    const want = String(src)
    return {
      changes:
        stdout === want
          ? []
          : [
              {
                description: `write ${to}`,
                script: sh`printf %s ${want} >${to}`,
                diff: { subject: to, before: stdout, after: want },
              },
            ],
    }
  },
})

/** A task on the controller creates a file, which another copies to a host. */
const steps = (made: string, asked: string) => [
  play('make', { hosts: 'localhost' }, () => [line('make it', { path: at(made), is: '1' })]),
  play('take', { hosts: 'a' }, () => [
    put('take it', { src: asked, to: at('taken') }),
    line('after it', { path: at('taken'), is: '1' }),
    line('apart', { path: at('apart'), is: '1' }),
  ]),
]
const check = (made: string, asked: string, more: PlayRunOptions = {}) =>
  runSteps(steps(made, asked), { hosts: ['localhost', 'a'], check: true, ...more })

t.test('only tasks that need a file of an earlier task are unknown', async (t) => {
  fresh({})
  const { story, results, exitCode } = await check('made', at('made'))
  t.same(story, ['localhost make it: changed', 'a take it: unknown', 'a after it: unknown', 'a apart: changed'])
  t.equal(
    results[1]?.message,
    `depends on "make it", which has not run yet: no file "${at('made')}" on the controller; searched ${at('made')}`,
  )
  t.equal(exitCode, 0)
})

t.test('a task is unknown if an earlier task would change a file that it reads', async (t) => {
  fresh({ made: '0', other: '0' })
  const { story, results } = await check('made', at('made'))
  t.same(story, ['localhost make it: changed', 'a take it: unknown', 'a after it: unknown', 'a apart: changed'])
  t.match(results[1]?.message, 'depends on "make it", which has not run yet')
  t.equal((await check('made', at('other'))).story[1], 'a take it: changed', 'another file')
  fresh({ made: '1' })
  t.equal((await check('made', at('made'))).story[1], 'a take it: changed', 'the file has that content')
})

t.test('a file that was read, and that a task of the controller then changes, is read again', async (t) => {
  fresh({ made: '0' })
  const take = () => play('take', { hosts: 'a' }, () => [put('take it', { src: at('made'), to: at('taken') })])
  const make = play('make', { hosts: 'localhost' }, () => [line('make it', { path: at('made'), is: '1' })])
  await runSteps([take(), make, take()], { hosts: ['localhost', 'a'] })
  t.equal(readFileSync(at('taken'), 'utf8'), '1')
})

t.test('a file in a place that is searched earlier takes precedence, also one that is yet to be created', async (t) => {
  const reader = new InputReader(folder)
  const keys = reader.keysOf(put.definition, { src: 'a.txt', to: at('to') }, {}, at('role'))
  for (const place of ['role/templates', 'role/files', 'role', 'templates', 'files', '.'])
    t.ok(keys.includes(at(path.join(place, 'a.txt'))), place)
})

t.test('a file that no task creates is missing, in check mode too', async (t) => {
  fresh({})
  t.same((await check('made', at('other'))).story, ['localhost make it: changed', 'a take it: failed'])
  t.same((await runSteps(steps('made', at('made')).slice(1), { hosts: ['localhost', 'a'], check: true })).story, [
    'a take it: failed',
  ])
})

t.test('a file created during the run is found, even if it was missing before', async (t) => {
  fresh({})
  // Both on one host: the probe of the second is prefetched before the first has run.
  const { story } = await runSteps(
    [
      play('p', { hosts: 'localhost' }, () => [
        line('make it', { path: at('made'), is: '1' }),
        put('take it', { src: at('made'), to: at('taken') }),
      ]),
    ],
    { hosts: ['localhost'] },
  )
  t.same(story, ['localhost make it: changed', 'localhost take it: changed'])
})

t.test('only successful reads are cached', async (t) => {
  fresh({})
  const reader = new InputReader(folder)
  const both = [reader.read({ it: at('late') }), reader.read({ it: at('late') })]
  for (const [place, each] of both.entries())
    await t.rejects(each, { name: 'MissingInput', places: [at('late')] }, `read ${place + 1} of a missing file`)
  writeFileSync(at('late'), '1')
  t.equal(String((await reader.read({ it: at('late') })).it), '1')
  writeFileSync(at('late'), '2')
  t.equal(String((await reader.read({ it: at('late') })).it), '1')
})

t.test('a directory is read once, until a task changes a file of the controller', async (t) => {
  fresh({})
  const reader = new InputReader(folder)
  const names = async (): Promise<string[]> =>
    Object.keys(await reader.read({ d: { tree: at('d'), followLinks: true } }))
  await t.rejects(names(), { name: 'MissingInput' })
  mkdirSync(at('d'))
  writeFileSync(at('d/one'), '1')
  t.same(await names(), ['d:entries', 'd/one'])
  writeFileSync(at('d/two'), '2')
  t.same(await names(), ['d:entries', 'd/one'])
  reader.forgetFiles()
  t.same(await names(), ['d:entries', 'd/one', 'd/two'])
})

t.test('a file that an experiment changes is read again', async (t) => {
  fresh({ source: '1' })
  const ran = await runSteps([
    play('before', { hosts: 'all' }, () => [put('put', { src: at('source'), to: at('to') })]),
    experiment('change it', { hosts: 'all', disturbs: false, assertions: {} }, async (on) => {
      await on.exec({ command: `printf 2 >${at('source')}` })
    }),
    play('after', { hosts: 'all' }, () => [put('put', { src: at('source'), to: at('to') })]),
  ])
  t.same(
    ran.results.map(({ status }) => status),
    ['changed', 'changed'],
  )
  t.equal(readFileSync(at('to'), 'utf8'), '2')
})

t.test('a file that is too big for a script is refused before it is read', async (t) => {
  fresh({})
  const big = at('big')
  writeFileSync(big, '')
  truncateSync(big, 6_000_000_000)
  const ran = await runSteps([play('p', { hosts: 'all' }, () => [put('put', { src: big, to: at('to') })])])
  t.equal(ran.results[0]?.status, 'failed')
  t.equal(
    ran.results[0]?.message,
    `"${big}" has 6000 MB, and this module sends up to 17 MB: use the module "upload", which sends any size`,
  )
  t.same(ran.exchanges, {}, 'nothing is sent to the host')
})

t.test('a file that is encrypted with Ansible Vault is refused: Ansible would decrypt it', async (t) => {
  fresh({ 'secret.txt': '$ANSIBLE_VAULT;1.1;AES256\n6162\n' })
  await t.rejects(new InputReader(folder).readAll(put.definition, { src: 'secret.txt', to: '/x' }), {
    name: 'MissingInput',
    message: /secret.txt" is encrypted with Ansible Vault, which is supported for variables only/,
  })
})
