import { chmodSync, readFileSync } from 'node:fs'
import t from 'tap'
import { docker_container } from '../../../../src/modules/docker/container.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { fakeEngine } from './recorded/engine.ts'
import { printed } from './recorded/swarm-answers.ts'

const { definition } = docker_container
type Input = Parameters<typeof definition.schema.parse>[0]
const parse = (params: Input) => definition.schema.parse(params)
const descriptions = (params: Input, ...answers: (readonly [number, object])[]) =>
  definition
    .plan(parse(params), { stdout: `${printed(...answers)}config abc\n`, stderr: '', exitCode: 0 }, {}, {})
    .changes.map(({ description }) => description)

const container = (running: boolean, more: object = {}): [number, object] => [
  200,
  {
    Id: 'c1',
    Name: '/web',
    Image: 'sha256:one',
    State: { Status: running ? 'running' : 'exited', Running: running },
    Config: { Labels: { 'labbook.config': 'abc' } },
    NetworkSettings: { Networks: { bridge: {} } },
    ...more,
  },
]
const image = [200, { Id: 'sha256:one' }] as const
const none = [404, { message: 'No such container: web' }] as const

void t.test('a container in the desired state needs no change', async (t) => {
  t.same(descriptions({ name: 'web', image: 'nginx' }, container(true), image), [])
  t.same(descriptions({ name: 'web', image: 'nginx', state: 'present' }, container(false), image), [])
})

void t.test('a state change does not recreate the container', async (t) => {
  t.same(descriptions({ name: 'web', image: 'nginx' }, container(false), image), ['start container web'])
  t.same(descriptions({ name: 'web', image: 'nginx', state: 'stopped' }, container(true), image), [
    'stop container web',
  ])
})

void t.test('changed settings, a changed image and a missing network recreate the container', async (t) => {
  const other = container(true, { Config: { Labels: { 'labbook.config': 'old' } } })
  t.same(descriptions({ name: 'web', image: 'nginx' }, other, image), [
    'recreate container web from nginx: settings changed',
  ])
  t.same(descriptions({ name: 'web', image: 'nginx' }, container(true), [200, { Id: 'sha256:two' }]), [
    'recreate container web from nginx: image changed',
  ])
  t.same(descriptions({ name: 'web', image: 'nginx', networks: [{ name: 'front' }] }, container(true), image), [
    'recreate container web from nginx: not connected to network front',
  ])
  t.same(descriptions({ name: 'web', image: 'nginx' }, none, none), ['create container web from nginx'])
})

void t.test('docker_container with state absent removes the container', async (t) => {
  t.same(descriptions({ name: 'web', state: 'absent' }, container(true)), ['remove container web'])
  t.same(descriptions({ name: 'web', state: 'absent' }, none), [])
})

void t.test('docker_container works in each shell against an engine', async (t) => {
  const engine = await fakeEngine()
  t.teardown(() => engine.close())
  for (const shell of shells) {
    await t.test(`${shell.name}: docker_container`, async (t) => {
      const dir = t.testdir({
        docker:
          '#!/bin/sh\necho "$*" >>"${0%/*}/calls"\nwhile [ $# -gt 0 ]; do [ "$1" != --env-file ] || cp "$2" "${0%/*}/env"; shift; done',
      })
      chmodSync(`${dir}/docker`, 0o755)
      const run = (script: string) =>
        runIn(shell, script, { env: { ...engine.env, PATH: `${dir}:${process.env.PATH}` } })
      const asked = {
        name: 'web',
        image: 'nginx',
        command: 'sh -c true',
        env: { PLAIN: "it's", KEY: new Secret('hunter23') },
        networks: [{ name: 'a' }, { name: 'b', aliases: ['w'] }],
      }
      const probe = (params: Input) => definition.plan(parse(params), run(definition.probe(parse(params), {})), {}, {})
      engine.answer({})
      const { changes } = probe(asked)
      t.match(run(changes[0]?.script ?? ''), { exitCode: 0, stderr: '' })
      const calls = readFileSync(`${dir}/calls`, 'utf8')
      t.match(calls, /--network a nginx sh -c true\nnetwork connect --alias w b web\nstart web\n$/)
      t.notMatch(calls, 'hunter23')
      t.equal(readFileSync(`${dir}/env`, 'utf8'), "KEY=hunter23\nPLAIN=it's\n")

      const config = /labbook\.config=(\w{64})/.exec(calls)?.[1]
      const made = container(true, {
        Config: { Labels: { 'labbook.config': config } },
        NetworkSettings: { Networks: { a: {}, b: {} } },
      })
      engine.answer({ 'GET /containers/web/json': made })
      t.same(probe(asked).changes, [])
      t.equal(probe({ ...asked, env: { ...asked.env, KEY: new Secret('other') } }).changes.length, 1)
      t.equal(probe({ ...asked, entrypoint: ['a', 'b'] }).changes.length, 1)
    })
  }
})
