import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { IMAGE_NAMES, ROOT } from '../../../../playbooks/app/images/table.ts'
import { inspectStackFile, readRequest } from '../../../../playbooks/stack/request.ts'
import { formatProblem } from '../../../../playbooks/stack/compose.ts'

const text = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8')

t.test('voting app needs neither routing mesh nor Docker Hub', async (t) => {
  const source = text('examples/voting/compose.yaml')
  const images = new Set(IMAGE_NAMES.map((name) => `IMAGE_${name.toUpperCase().replaceAll('-', '_')}`))
  const request = readRequest({ file: path.join(ROOT, 'examples/voting') })
  const { stack, problems } = inspectStackFile(request, {}, images)
  const { compose, variables } = stack
  t.equal(request.name, 'voting')
  t.same(problems, [], 'all variables are images of the registry of the project')
  t.same(compose.warnings.map(formatProblem), [])
  t.ok(variables.usedProvided.size > 0)
  t.same(compose.services.map(({ name }) => name).sort(), ['db', 'front', 'redis', 'result', 'vote', 'worker'])
  const { services } = parse(source, { merge: true }) as {
    services: Record<string, { deploy: { endpoint_mode: string }; healthcheck: object; ports?: { mode: string }[] }>
  }
  for (const [name, { deploy, healthcheck, ports = [] }] of Object.entries(services)) {
    t.equal(deploy.endpoint_mode, 'dnsrr', name)
    t.type(healthcheck, 'object', `${name} has a health check`)
    for (const { mode } of ports) t.equal(mode, 'host', name)
  }
})
