import t from 'tap'
import { docker_service } from '../../../../src/modules/docker/service.ts'
import { runIn, shells } from '../../../support/shells.ts'
import { fakeEngine } from './recorded/engine.ts'
import { printed } from './recorded/swarm-answers.ts'

const { definition } = docker_service
type Input = Parameters<typeof definition.schema.parse>[0]
const parse = (params: Input) => definition.schema.parse(params)
const plan = (params: Input, services: object[]) =>
  definition.plan(parse(params), { stdout: printed([200, services]), stderr: '', exitCode: 0 }, {}, {})

const asked = {
  name: 'web',
  image: 'nginx:1',
  replicas: 3,
  env: { B: '2', A: "it's" },
  networks: ['front'],
  endpoint_mode: 'dnsrr' as const,
  publish: [{ target_port: 80, published_port: 8080, mode: 'host' as const }],
  limits: { cpus: 0.5, memory: '128M' },
  update_config: { parallelism: 1, delay: '10s', order: 'start-first' as const },
  placement: { constraints: ['node.role == worker'], replicas_max_per_node: 2 },
}
const body = (params: Input): Record<string, unknown> => {
  const script = plan(params, []).changes[0]?.script ?? ''
  const seen = runIn(shells[0], `curl() { cat >&2; printf '\\n201'; }\n${script}`)
  return JSON.parse(seen.stderr) as Record<string, unknown>
}
/** As Docker stores it: with additional fields, and the network by its id. */
const live = (params: Input): object => {
  const spec = body(params) as { TaskTemplate: { ContainerSpec: object } }
  const task = {
    ...spec.TaskTemplate,
    ContainerSpec: { ...spec.TaskTemplate.ContainerSpec, Isolation: 'default' },
    Networks: [{ Target: 'nwcbtf5ll1h0vxdx8ffkg5nqx' }],
    ForceUpdate: 2,
    Runtime: 'container',
  }
  return { ID: 's1', Version: { Index: 77 }, Spec: { ...spec, TaskTemplate: task } }
}

void t.test('a service is created with the specification of the Engine API', async (t) => {
  t.match(body(asked), {
    Name: 'web',
    TaskTemplate: {
      ContainerSpec: { Image: 'nginx:1', Env: ["A=it's", 'B=2'] },
      Resources: { Limits: { NanoCPUs: 500_000_000, MemoryBytes: 134_217_728 } },
      Placement: { Constraints: ['node.role == worker'], MaxReplicas: 2 },
      Networks: [{ Target: 'front' }],
    },
    Mode: { Replicated: { Replicas: 3 } },
    UpdateConfig: { Parallelism: 1, Delay: 10_000_000_000, Order: 'start-first' },
    EndpointSpec: {
      Mode: 'dnsrr',
      Ports: [{ Protocol: 'tcp', TargetPort: 80, PublishedPort: 8080, PublishMode: 'host' }],
    },
  })
})

void t.test('a service in the desired state needs no change, whatever Docker added', async (t) => {
  t.same(plan(asked, [live(asked)]), { changes: [], values: { id: 's1' } })
  t.equal(plan({ ...asked, name: 'we' }, [live(asked)]).changes[0]?.description, 'create service we from nginx:1')
})

void t.test('changed and removed settings update the service', async (t) => {
  const [scaled] = plan({ ...asked, replicas: 5 }, [live(asked)]).changes
  t.equal(scaled?.description, 'update service web')
  t.same(scaled?.diff, {
    subject: 'service web',
    before: 'Mode.Replicated.Replicas: 3\n',
    after: 'Mode.Replicated.Replicas: 5\n',
  })
  t.match(scaled?.script, '/services/s1/update?version=77')
  t.equal(plan({ ...asked, env: { B: '2' } }, [live(asked)]).changes.length, 1)
  t.equal(plan({ ...asked, networks: ['back'] }, [live(asked)]).changes.length, 1)
})

void t.test("another user's change of replicas is reverted", async (t) => {
  const scaled = live(asked) as { Spec: object }
  t.equal(
    plan(asked, [{ ...scaled, Spec: { ...scaled.Spec, Mode: { Replicated: { Replicas: 1 } } } }]).changes.length,
    1,
  )
})

void t.test('docker_service works in each shell against an engine', async (t) => {
  const engine = await fakeEngine()
  t.teardown(() => engine.close())
  for (const shell of shells) {
    await t.test(`${shell.name}: docker_service`, async (t) => {
      const run = (script: string) => runIn(shell, script, { env: engine.env })
      const params = parse(asked)
      engine.answer({ 'GET /services': [200, []], 'POST /services/create': [201, { ID: 's1' }] })
      const [create] = definition.plan(params, run(definition.probe(params, {})), {}, {}).changes
      engine.requests()
      t.match(run(create?.script ?? ''), { exitCode: 0, stderr: '' })
      t.same(JSON.parse(engine.requests()[0]?.body ?? ''), body(asked))

      engine.answer({
        'POST /services/create': [400, { message: 'rpc error: code = InvalidArgument desc = bad name' }],
      })
      t.match(run(create?.script ?? ''), { exitCode: 1, stderr: /bad name/ })

      engine.answer({ 'GET /services': [200, [live(asked)]], 'DELETE /services/s1': [200, null] })
      const absent = parse({ name: 'web', state: 'absent' })
      const [remove] = definition.plan(absent, run(definition.probe(absent, {})), {}, {}).changes
      t.match(run(remove?.script ?? ''), { exitCode: 0, stderr: '' })
    })
  }
})
