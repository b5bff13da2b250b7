import { createHash } from 'node:crypto'
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

void t.test('a changed environment is shown without its values', async (t) => {
  const live = [service('counter_web', { env: ['PW=hunter22'] }), THEN[1] as object]
  const [change] = plan(asked, probed(live)).changes
  t.same(change?.diff, {
    subject: 'stack counter',
    before: 'counter_web: TaskTemplate.ContainerSpec.Env.0: "PW=[REDACTED]"\n',
    after: 'counter_web: TaskTemplate.ContainerSpec.Env.0: "REDIS=[REDACTED]"\n',
  })
})

void t.test('prune: true removes a service that others added', async (t) => {
  const live = [...THEN, service('counter_extra')]
  const [change] = plan({ name: 'counter', compose: ['/opt/stack.yml'], prune: true }, probed(live)).changes
  t.equal(change?.description, 'redeploy stack counter: service counter_extra is not in the Compose files')
  t.match(change?.diff, { before: 'counter_extra: service\n', after: '' })
  t.match(change?.script, 'stack deploy --prune ')
  t.same(plan(asked, probed(live)).changes, [])
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

const OWNER = '/home/ann/counter/compose.yaml'
const OWNER_ID = createHash('sha256').update(OWNER).digest('hex')
const owned = { name: 'counter', compose: ['/opt/stack.yml'], prune: 'owned', owner: OWNER, services: ['web', 'redis'] }

void t.test('prune: owned removes only what the owner deployed', async (t) => {
  const live = [...THEN, service('counter_old')]
  const deployed = `owner ${OWNER_ID}\nowned web,redis,old\n`
  t.match(plan(owned, `${probed(live, live, 'bbb')}${deployed}`).changes[0]?.script, 'stack deploy --prune ')
  const problem = /^stack "counter" has services that these Compose files did not deploy: counter_old\. Deploy under/
  for (const record of ['', 'owner abc\nowned web,redis,old\n', `owner ${OWNER_ID}\nowned web,redis\n`]) {
    const { changes, problem: found } = plan(owned, `${probed(live, live, 'bbb')}${record}`)
    t.same(changes, [], record)
    t.match(found, problem)
  }
  t.match(plan(owned, `${printed([200, live])}\n200\ncompose aaa\n`).problem, problem, 'never deployed by Labbook')
  t.same(plan(owned, probed(live)).changes, [], 'nothing to deploy, nothing to remove')
  t.equal(plan(owned, probed(THEN, THEN, 'bbb')).problem, undefined, 'all services are in the files')
  const [removing] = plan({ ...owned, prune: true }, probed(live, live, 'bbb')).changes
  t.match(removing?.script, 'stack deploy --prune ')
  const [keeping] = plan({ ...owned, prune: false }, probed(live, live, 'bbb')).changes
  t.match(keeping?.script, / stack deploy (?!--prune)/)
  t.throws(() => parse({ name: 'x', compose: ['/x'], prune: 'owned' }), /prune: owned needs owner and services/)
})

void t.test('absent with an owner removes only what the owner deployed', async (t) => {
  const removal = { name: 'counter', state: 'absent', owner: OWNER }
  const record = (labels: object) => [{ Spec: { Name: 'counter_labbook', Labels: labels } }]
  const stack = (configs: object[]) => printed([200, THEN], [200, []], [200, configs], [200, []])
  const own = { 'labbook.owner': OWNER_ID, 'labbook.services': 'web,redis' }
  t.equal(plan(removal, stack(record(own))).changes[0]?.description, 'remove stack counter')
  const other = plan(removal, stack(record({ ...own, 'labbook.owner': 'abc' })))
  t.same(other.changes, [])
  t.match(
    other.problem,
    /not known to have deployed: counter_redis, counter_web\. To remove all of them, name the stack/,
  )
  t.match(plan(removal, stack([])).problem, /not known to have deployed/)
  t.equal(plan({ ...removal, owner: undefined }, stack([])).changes.length, 1, 'without an owner')
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
        prune: 'owned',
        owner: "/it's/a path",
        services: ['web', 'redis', 'a.b'],
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
      const owner = createHash('sha256').update("/it's/a path").digest('hex')
      t.match(calls, ` --label labbook.owner=${owner} --label labbook.services=web,redis,a.b counter_labbook `)
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
              Labels: {
                'com.docker.stack.namespace': 'counter',
                'labbook.compose': checksum,
                'labbook.owner': owner,
                'labbook.services': 'web,redis,a.b,old',
              },
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
      engine.answer({
        'GET /services': [200, [...THEN, service('counter_old')]],
        'GET /configs/counter_labbook': config(THEN),
      })
      t.equal(probe().problem, undefined, 'the owner deployed counter_old')
      engine.answer({
        'GET /services': [200, [...THEN, service('counter_new')]],
        'GET /configs/counter_labbook': config(THEN),
      })
      t.match(probe().problem, /did not deploy: counter_new/)

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

void t.test('after tasks that write its Compose files, the checksum is that of the new files', async (t) => {
  const dir = t.testdir({ 'a.yml': 'a: 1\n', 'b.yml': 'b: 2' })
  const params = parse({ name: 'counter', compose: [`${dir}/a.yml`, { c: 3 }, `${dir}/b.yml`], content: 'd: 4\n' })
  const state = Object.fromEntries(['a', 'b'].map((name) => [`${dir}/${name}.yml`, readFileSync(`${dir}/${name}.yml`)]))
  const after = (stdout: string, states: Record<string, unknown> = state) =>
    definition.planAfter?.(
      params,
      { stdout, stderr: '', exitCode: 0 },
      { changed: states, known: { ...states, 'unit:docker.service': 'active' } },
      {},
      {},
    )
  const [change] = after(probed(THEN))?.changes ?? []
  t.equal(change?.description, 'deploy stack counter: Compose files changed')
  const checksum = /compose: (\w{64})\n/.exec(change?.diff?.after ?? '')?.[1] ?? ''
  for (const shell of shells) {
    const lines = definition.probe(params, {}).split('\n')
    const script = lines.slice(lines.indexOf('lb_compose() {')).join('\n')
    t.match(runIn(shell, script).stdout, `compose ${checksum}\n`, `${shell.name} computes the same`)
  }
  t.same(after(probed(THEN).replace('deployed aaa', `deployed ${checksum}`))?.changes, [])
  t.match(after(probed(THEN).replace(/compose \w+/, 'no-compose /x'))?.changes, [{ description: /Compose files/ }])
  t.equal(after(probed(THEN), { [`${dir}/a.yml`]: Buffer.from('') }), undefined, 'one file is unknown')
  t.equal(after(probed(THEN), { ...state, 'unit:docker.service': 'active' }), undefined, 'more has changed')
})
