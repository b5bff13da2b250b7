import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { docker_stack } from '../../../../src/modules/docker/stack.ts'
import { defineInputs, namesInputs } from '../../../../src/modules/docker/stack-inputs.ts'
import { contentOf } from '../../../../src/modules/support/effects.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { fakeEngine } from './recorded/engine.ts'
import { service } from './recorded/services.ts'
import { printed } from './recorded/swarm-answers.ts'

const { definition } = docker_stack
const parse = (params: Parameters<typeof definition.schema.parse>[0]) => definition.schema.parse(params)
const THEN = [service('counter_web'), service('counter_redis', { replicas: 1 })]

const NAMING = `services:
  web:
    image: app:\${TAG:-1}
    env_file: ./web.env # of the web
    environment:
      - PLAIN
      - OTHER=x
      MAP: ~
    command: echo $$SELF $NOT_SET
  db:
    env_file:
      - 'db.env'
      # none
      - /absolute/db.env
    image: db:1
  job: { env_file: [a.env, b.env], image: "j:1" }
configs:
  nginx:
    file: ./nginx.conf
`

void t.test('docker_stack finds what Compose files name', async (t) => {
  const names = ['TAG', 'PLAIN', 'OTHER', 'MAP', 'SELF', 'LISTED', 'services'].map((name) => [name, 'set'])
  for (const shell of shells) {
    const dir = t.testdir({ 'a.yml': NAMING })
    const inline = { services: { web: { env_file: ['c.env', 'sub/d.env'], environment: ['LISTED'], image: 'x' } } }
    const params = parse({
      name: 'counter',
      compose: [`${dir}/a.yml`, inline],
      content: 'x: {"env_file":"e.env","a":1}',
    })
    const script = `${defineInputs(params)}\nlb_named`
    const found = runIn(shell, script, { env: Object.fromEntries(names) as NodeJS.ProcessEnv }).stdout.split('\n')
    t.same(
      found.filter((line) => line.startsWith('f ')).map((line) => line.replace(`f ${dir}/`, 'f ')),
      ['f /absolute/db.env', ...['a', 'b', 'c', 'db', 'e'].map((name) => `f ${name}.env`)].concat(
        'f nginx.conf',
        'f sub/d.env',
        'f web.env',
      ),
      shell.name,
    )
    t.same(
      found.filter((line) => line.startsWith('v ')),
      ['v LISTED', 'v MAP', 'v PLAIN', 'v TAG', 'v services'],
      shell.name,
    )
    const bare = parse({ name: 'counter', compose: [], content: 'services: {web: {image: "a:1"}}' })
    t.equal(runIn(shell, `${defineInputs(bare)}\nlb_inputs`).stdout, '')
  }
})

void t.test('docker_stack deploys if what the Compose files name changed', async (t) => {
  const engine = await fakeEngine()
  t.teardown(() => engine.close())
  for (const shell of shells) {
    const dir = t.testdir({
      docker: '#!/bin/sh\necho "$*" >>"${0%/*}/calls"\n',
      'a.yml': 'services: {web: {image: "app:$TAG", env_file: web.env}}\n',
      'web.env': 'A=1\n',
    })
    chmodSync(`${dir}/docker`, 0o755)
    const params = parse({ name: 'counter', compose: [`${dir}/a.yml`] })
    const env = (TAG: string) => ({ env: { ...engine.env, PATH: `${dir}:${process.env.PATH}`, TAG } })
    const probe = (tag: string) => definition.plan(params, runIn(shell, definition.probe(params, {}), env(tag)), {}, {})
    engine.answer({ 'GET /services': [200, THEN] })
    const first = probe('1')
    t.same(first.reads, contentOf(`${dir}/web.env`), `${shell.name}: in check mode, it depends on the file`)
    t.match(runIn(shell, first.changes[0]?.script ?? '', env('1')), { exitCode: 0, stderr: '' })
    const labels: Record<string, string> = Object.fromEntries(
      [...readFileSync(`${dir}/calls`, 'utf8').matchAll(/(labbook\.\w+)=(\w+)/g)].map(
        ([, key = '', value = '']) => [key, value] as const,
      ),
    )
    const Data = Buffer.from(JSON.stringify(THEN)).toString('base64')
    const record = (Labels: object) => [200, { ID: 'cfg', Spec: { Name: 'counter_labbook', Labels, Data } }] as const
    engine.answer({ 'GET /services': [200, THEN], 'GET /configs/counter_labbook': record(labels) })
    const change = 'deploy stack counter: files or variables that the Compose files name changed'
    t.same(probe('1').changes, [], `${shell.name}: nothing changed`)
    t.match(probe('2').changes, [{ description: change }], `${shell.name}: another variable`)
    writeFileSync(`${dir}/web.env`, 'A=2\n')
    t.match(probe('1').changes, [{ description: change, diff: { before: `inputs: ${labels['labbook.inputs']}\n` } }])
    writeFileSync(`${dir}/web.env`, 'A=1\n')
    const older = { 'labbook.compose': labels['labbook.compose'] }
    engine.answer({ 'GET /services': [200, THEN], 'GET /configs/counter_labbook': record(older) })
    t.match(probe('1').changes, [{ description: change, diff: { before: 'inputs: none\n' } }], 'an older record')
    const written = { [`${dir}/a.yml`]: readFileSync(`${dir}/a.yml`) }
    const after = definition.planAfter?.(
      params,
      {
        stdout:
          `${printed([200, THEN])}${JSON.stringify(THEN)}\n\n200\n` +
          `deployed ${labels['labbook.compose']}\ncompose aaa\ninputs b\n`,
        stderr: '',
        exitCode: 0,
      },
      {
        changed: written,
        known: written,
      },
      {},
      {},
    )
    t.equal(after, undefined, 'unknown: the same file, and the probe is of another')
  }
})

t.test('a Compose file names inputs only with a variable or a key for a file', async (t) => {
  const names = (text: string): boolean =>
    namesInputs({ name: 'shop', compose: ['/a.yml'] } as unknown as Parameters<typeof namesInputs>[0], [
      Buffer.from(text),
    ])
  for (const text of [
    'env_file: a.env',
    '- file: a',
    '{file: a}',
    '"env_file" : [a]',
    'image: web:$TAG',
    'label_file: l',
  ])
    t.ok(names(text), text)
  for (const text of ['# docker stack deploy --compose-file a.yml', "max-file: '3'", 'driver: json-file', 'image: web'])
    t.notOk(names(text), text)
})
