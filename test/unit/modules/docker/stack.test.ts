import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { docker_stack } from '../../../../src/modules/docker/stack.ts'
import { driftOf, parseServices } from '../../../../src/modules/docker/services.ts'
import { Secret } from '../../../../src/values/secret.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { fakeEngine } from './recorded/engine.ts'
import { service } from './recorded/services.ts'
import { NOT_A_MANAGER, printed } from './recorded/swarm-answers.ts'

const { definition } = docker_stack
type Input = Parameters<typeof definition.schema.parse>[0]
const parse = (params: Input) => definition.schema.parse(params)
const plan = (params: Input, stdout: string) =>
  definition.plan(parse(params), { stdout, stderr: '', exitCode: 0 }, {}, {})

const asked: Input = { name: 'counter', compose: ['/opt/stack.yml'] }
const THEN = [service('counter_web'), service('counter_redis', { replicas: 1 })]
const probed = (live: object[], then: object[] = THEN, now = 'aaa') =>
  `${printed([200, live])}${JSON.stringify(then)}\n\n200\ndeployed aaa\ncompose ${now}\n`

void t.test('a stack deployed from the same files needs no change', async (t) => {
  t.same(plan(asked, probed(THEN)), {
    changes: [],
    values: { services: { counter_redis: 'counter:1', counter_web: 'counter:1' } },
  })
})

void t.test('a stack without a complete deployment is deployed', async (t) => {
  t.equal(plan(asked, `${printed([200, []])}\n200\ncompose aaa\n`).changes[0]?.description, 'deploy stack counter')
  t.equal(
    plan(asked, `${printed([200, THEN])}\n200\ncompose aaa\n`).changes[0]?.description,
    'deploy stack counter (no complete deployment by Labbook on record)',
  )
})

void t.test('changed files are deployed', async (t) => {
  const [change] = plan(asked, probed(THEN, THEN, 'bbb')).changes
  t.equal(change?.description, 'deploy stack counter: Compose files changed')
  t.match(change?.diff, { before: 'compose: aaa\n', after: 'compose: bbb\n' })
})

void t.test('a scaled or missing service redeploys the stack, and the diff shows the difference', async (t) => {
  const [scaled] = plan(asked, probed([service('counter_web', { replicas: 1 }), THEN[1] as object])).changes
  t.equal(scaled?.description, 'redeploy stack counter: service counter_web was changed')
  t.same(scaled?.diff, {
    subject: 'stack counter',
    before: 'counter_web: Mode.Replicated.Replicas: 1\n',
    after: 'counter_web: Mode.Replicated.Replicas: 4\n',
  })
  t.equal(
    plan(asked, probed([THEN[0] as object])).changes[0]?.description,
    'redeploy stack counter: service counter_redis is missing',
  )
})

void t.test('docker_stack ignores a forced update, the order of services, and services of other stacks', async (t) => {
  const live = [
    service('counter_redis', { replicas: 1, force: 3 }),
    service('counter_extra'),
    service('counter_web', { force: 1 }),
  ]
  t.same(plan(asked, probed(live)).changes, [])
  t.equal(driftOf(parseServices(THEN), parseServices(live)), undefined)
})

void t.test('docker_stack reports impossible requests', async (t) => {
  t.match(plan(asked, printed([503, NOT_A_MANAGER])).problem, /not a Swarm manager/)
  t.match(
    plan(asked, `${printed([200, []])}\n200\nno-compose /opt/stack.yml\n`).problem,
    'Compose file /opt/stack.yml does not exist',
  )
  t.throws(() => parse({ name: 'x' }), /compose/)
})

void t.test('absent removes all resources of the stack', async (t) => {
  const absent: Input = { name: 'counter', state: 'absent' }
  t.same(plan(absent, printed([200, []], [200, []], [200, []], [200, []])).changes, [])
  t.equal(
    plan(absent, printed([200, []], [200, [{ Name: 'counter_default' }]], [200, []], [200, []])).changes[0]
      ?.description,
    'remove stack counter',
  )
})

void t.test('docker_stack works in each shell against an engine', async (t) => {
  const engine = await fakeEngine()
  t.teardown(() => engine.close())
  for (const shell of shells) {
    await t.test(`${shell.name}: docker_stack`, async (t) => {
      const dir = t.testdir({
        // Records its arguments and its input.
        docker:
          '#!/bin/sh\necho "$*" >>"${0%/*}/calls"\ncase $1$2 in stackdeploy) cat $(echo "$*" | tr " " "\\n" | grep "[.]yml$") >"${0%/*}/read" ;; configcreate) for last; do :; done; cp "$last" "${0%/*}/kept" ;; esac',
        'a.yml': 'services: {}\n',
      })
      chmodSync(`${dir}/docker`, 0o755)
      const run = (script: string) =>
        runIn(shell, script, { env: { ...engine.env, PATH: `${dir}:${process.env.PATH}` } })
      const params: Input = {
        name: 'counter',
        compose: [`${dir}/a.yml`, { services: { web: { image: "it's" } } }],
        content: new Secret('x: hunter22'),
        prune: true,
        resolve_image: 'never',
      }
      const probe = () => definition.plan(parse(params), run(definition.probe(parse(params), {})), {}, {})

      engine.answer({ 'GET /services': [200, THEN] })
      const [deploy] = probe().changes
      t.match(run(deploy?.script ?? ''), { exitCode: 0, stderr: '' })
      t.equal(
        readFileSync(`${dir}/read`, 'utf8'),
        'services: {}\n{"services":{"web":{"image":"it\'s"}}}\nx: hunter22\n',
      )
      const calls = readFileSync(`${dir}/calls`, 'utf8')
      t.match(calls, `stack deploy --prune --resolve-image never -c ${dir}/a.yml -c `)
      t.notMatch(calls, 'hunter22')

      const checksum = /labbook\.compose=([0-9a-f]{64})/.exec(calls)?.[1]
      const config = (services: object) =>
        [
          200,
          {
            ID: 'cfg',
            Version: { Index: 50 },
            CreatedAt: 'x',
            UpdatedAt: 'x',
            Spec: {
              Name: 'counter_labbook',
              Labels: { 'com.docker.stack.namespace': 'counter', 'labbook.compose': checksum },
              Data: Buffer.from(JSON.stringify(services)).toString('base64'),
            },
          },
        ] as const
      t.same(JSON.parse(readFileSync(`${dir}/kept`, 'utf8')), THEN)
      engine.answer({ 'GET /services': [200, THEN], 'GET /configs/counter_labbook': config(THEN) })
      t.same(probe().changes, [])
      t.notMatch(
        run(definition.probe(parse(params), {})).stdout,
        Buffer.from('"Spec":{"Name"').toString('base64').slice(0, 12),
      )

      writeFileSync(`${dir}/a.yml`, 'services: {other: {}}\n')
      t.equal(probe().changes[0]?.description, 'deploy stack counter: Compose files changed')

      const absent = parse({ name: 'counter', state: 'absent' })
      engine.answer({
        'GET /services': [200, []],
        'GET /networks': [200, []],
        'GET /configs': [200, []],
        'GET /secrets': [200, [{ ID: 'x' }]],
      })
      const [remove] = definition.plan(absent, run(definition.probe(absent, {})), {}, {}).changes
      t.match(run(remove?.script ?? ''), { exitCode: 0, stderr: '' })
    })
  }
})
