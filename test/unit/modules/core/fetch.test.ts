import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { copy } from '../../../../src/modules/core/copy.ts'
import { fetch } from '../../../../src/modules/core/fetch.ts'
import type { Inputs } from '../../../../src/modules/module.ts'
import { play } from '../../../../src/playbook/play.ts'
import { register } from '../../../../src/values/reference.ts'
import { runSteps } from '../../../support/play-run.ts'
import { runIn } from '../../../support/shells.ts'
import { descriptions, inEachShell } from '../each-shell.ts'

const BYTES = Buffer.from([0, 0xff, 0x0a, 0x80, 0x0a, 0x0a])

void t.test('fetch compares the file of the host with that of the controller', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { definition } = fetch
    const src = path.join(folder, "it's a file")
    const plan = (inputs: Inputs, more: object = {}) => {
      const params = definition.schema.parse({ src, dest: '/backup', ...more })
      return definition.plan(
        params,
        runIn(shell, definition.probe(params, {})),
        { path: Buffer.from('/d'), ...inputs },
        {},
      )
    }
    t.equal(plan({}).problem, 'the remote file does not exist')
    t.match(plan({}, { fail_on_missing: false }), { changes: [], problem: undefined, msg: /does not exist.* ignored/ })
    writeFileSync(src, BYTES)
    const first = plan({})
    t.same(descriptions(first), [`fetch ${src} to /d (6 bytes, new)`])
    t.same(first.saves, { content: BYTES, isPrivate: false })
    t.match(first.values, { checksum: createHash('sha1').update(BYTES).digest('hex'), dest: '/d', file: src })
    t.same(plan({ current: BYTES }).changes, [])
    t.match(descriptions(plan({ current: Buffer.from('old') })), [/replaces another/])
    t.match(plan({ directory: Buffer.alloc(0) }).problem, /is a directory: append \/ to dest/)
    chmodSync(src, 0o600)
    t.equal(plan({}).saves?.isPrivate, true)
    writeFileSync(src, '')
    t.same(plan({}).saves?.content, Buffer.alloc(0))
    t.match(plan({}, { src: folder }).problem, /fetch cannot work on directories/)
    writeFileSync(src, Buffer.alloc(5 * 1024 * 1024 + 1))
    t.match(plan({}).problem, /has 5242881 bytes, and fetch takes up to 5242880: run scp/)
  })
})

void t.test('a run writes fetched files to the controller, each host its own', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-fetch-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const src = path.join(folder, 'secret')
  writeFileSync(src, 'password\n', { mode: 0o600 })
  const dest = path.join(folder, 'backup')
  const fetched = register<{ dest: string }>('fetched')
  const steps = (more: object = {}) => [
    play('Backup', { hosts: 'all' }, () => [fetch('Fetch', { src, dest, register: fetched as never, ...more })]),
  ]
  const hosts = ['a', 'b']

  const checked = await runSteps(steps(), { hosts, check: true })
  t.same([...checked.story].sort(), ['a Fetch: changed', 'b Fetch: changed'])
  t.throws(() => statSync(dest))

  const first = await runSteps(steps(), { hosts })
  t.same([...first.story].sort(), ['a Fetch: changed', 'b Fetch: changed'])
  for (const host of hosts) {
    const file = path.join(dest, host, src)
    t.equal(readFileSync(file, 'utf8'), 'password\n')
    t.equal(statSync(file).mode & 0o777, 0o600, 'others cannot read it on the host either')
  }
  t.notMatch(JSON.stringify(first.events), Buffer.from('password\n').toString('base64').slice(0, 8))

  t.same([...(await runSteps(steps(), { hosts })).story].sort(), ['a Fetch: ok', 'b Fetch: ok'])

  writeFileSync(path.join(dest, 'a', src), 'other')
  t.same([...(await runSteps(steps(), { hosts })).story].sort(), ['a Fetch: changed', 'b Fetch: ok'])

  const flat = path.join(folder, 'flat/')
  t.same((await runSteps(steps({ dest: flat, flat: true }))).story, ['a Fetch: changed'])
  t.equal(readFileSync(path.join(flat, 'secret'), 'utf8'), 'password\n')
  mkdirSync(path.join(folder, 'taken'))
  const taken = await runSteps(steps({ dest: path.join(folder, 'taken'), flat: true }))
  t.match(taken.results[0], { status: 'failed', message: /is a directory: append/ })
  const unwritable = await runSteps(steps({ dest: path.join(src, 'below'), flat: true }))
  t.match(unwritable.results[0], { status: 'failed', message: /cannot write ".*below" on the controller: E/ })
})

void t.test('two tasks that fetch to the same file leave that of the second', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-fetch-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const at = (name: string): string => path.join(folder, name)
  for (const name of ['one', 'two']) writeFileSync(at(name), name)
  writeFileSync(at('dest'), 'two')
  const tasks = () => ['one', 'two'].map((name) => fetch(name, { src: at(name), dest: at('dest'), flat: true }))
  t.same((await runSteps([play('Fetch', { hosts: 'all' }, tasks)])).story, ['a one: changed', 'a two: changed'])
  t.equal(readFileSync(at('dest'), 'utf8'), 'two')
})

void t.test('a later task reads the fetched file, although an older one was there before', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-fetch-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const at = (name: string): string => path.join(folder, name)
  writeFileSync(at('source'), 'new')
  writeFileSync(at('fetched'), 'old')
  writeFileSync(at('copied'), 'old')
  const tasks = () => [
    fetch('Fetch', { src: at('source'), dest: at('fetched'), flat: true }),
    copy('Copy', { src: at('fetched'), dest: at('copied') }),
  ]
  t.same((await runSteps([play('Both', { hosts: 'all' }, tasks)])).story, ['a Fetch: changed', 'a Copy: changed'])
  t.equal(readFileSync(at('copied'), 'utf8'), 'new')
})

void t.test('~ is refused', async (t) => {
  t.match(fetch.definition.schema.safeParse({ src: '/a', dest: '~/b' }).error?.issues[0]?.message, '~ is not expanded')
})

void t.test('check mode does not predict tasks that read a file which fetch would replace', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-fetched-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true })
  })
  const at = (name: string): string => path.join(folder, name)
  mkdirSync(at('got'))
  for (const [name, text] of [
    ['remote', 'new\n'],
    ['got/remote', 'old\n'],
    ['got/other', 'old\n'],
    ['target', 'old\n'],
  ] as const)
    writeFileSync(at(name), text)
  for (const dest of [`${at('got')}/`, at('got/remote')]) {
    const { story } = await runSteps(
      [
        play('p', { hosts: 'a' }, () => [
          fetch('Fetch', { src: at('remote'), dest, flat: true }),
          copy('Copy it', { src: at('got/remote'), dest: at('target') }),
          copy('Copy another', { src: at('got/other'), dest: at('target2') }),
        ]),
      ],
      { hosts: ['a', 'localhost'], check: true },
    )
    t.same(story, ['a Fetch: changed', 'a Copy it: unknown', 'a Copy another: changed'], dest)
  }
})
