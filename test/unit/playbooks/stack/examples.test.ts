import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { IMAGE_NAMES, ROOT } from '../../../../playbooks/app/images/table.ts'
import { formatProblem, readCompose } from '../../../../playbooks/stack/compose.ts'
import { variablesOf } from '../../../../playbooks/stack/interpolation.ts'

const text = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8')

t.test('voting app needs neither routing mesh nor Docker Hub', async (t) => {
  const source = text('examples/voting/compose.yaml')
  const compose = readCompose({ path: 'compose.yaml', text: source }, (file) =>
    existsSync(path.join(ROOT, 'examples/voting', file)),
  )
  t.same(compose.problems.map(formatProblem), [])
  t.same(compose.warnings.map(formatProblem), [])
  t.same(compose.services.map(({ name }) => name).sort(), ['db', 'front', 'redis', 'result', 'vote', 'worker'])
  const images = new Set(IMAGE_NAMES.map((name) => `IMAGE_${name.toUpperCase().replaceAll('-', '_')}`))
  for (const { name } of variablesOf(source)) t.ok(images.has(name), `${name} is an image of the project's registry`)
  const { services } = parse(source, { merge: true }) as {
    services: Record<string, { deploy: { endpoint_mode: string }; healthcheck: object; ports?: { mode: string }[] }>
  }
  for (const [name, { deploy, healthcheck, ports = [] }] of Object.entries(services)) {
    t.equal(deploy.endpoint_mode, 'dnsrr', name)
    t.type(healthcheck, 'object', `${name} has a health check`)
    for (const { mode } of ports) t.equal(mode, 'host', name)
  }
})
