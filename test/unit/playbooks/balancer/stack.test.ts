import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { APPS, balancerSettings, validation } from '../../../../playbooks/balancer/stack.ts'
import { ROOT } from '../../../../playbooks/app/images/table.ts'
import { formatProblem, readCompose } from '../../../../playbooks/stack/compose.ts'
import { runValidation } from '../../../../src/modules/support/validation.ts'
import { render } from '../../../../src/templates/index.ts'
import { composeContext } from '../stack/compose-context.ts'

const text = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8')

for (const kind of ['nginx', 'haproxy'] as const) {
  t.test(`balancer stack with ${kind} is valid`, async (t) => {
    const source = render(text('templates/balancer/stack.yml'), 'stack.yml', {
      kind,
      sticky: false,
      port: 8090,
      replicas: 3,
      slowdown: 1,
      apps: APPS,
      checksum: 'abc',
      balancer_image: 'b:1',
      counter_image: 'c:1',
      redis_image: 'r:1',
    }).text
    const compose = readCompose({ path: 'stack.yml', text: source }, composeContext({ files: () => 'x' }))
    t.same(compose.problems.map(formatProblem), [])
    t.same(compose.warnings.map(formatProblem), [])
    const { services } = parse(source, { merge: true }) as {
      services: Record<
        'app1' | 'app2' | 'balancer',
        { command: string[]; environment: Record<string, string>; deploy: { replicas: number } }
      >
    }
    t.same(Object.keys(services).sort(), ['app1', 'app2', 'balancer', 'redis'])
    t.same(services.balancer.command, ['balancer.sh', kind, '/etc/balancer.conf'])
    t.same(
      [services.app1.environment.COUNTER_KEY, services.app2.environment.COUNTER_KEY],
      ['app1', 'app2'],
      'each app has its own counter key',
    )
    t.equal(services.app1.deploy.replicas, 3)
    t.equal(services.app1.environment.NODE_NAME, '{{.Node.Hostname}}', 'placeholders of Swarm are not rendered')
  })
}

t.test('balancerSettings() validates the variables', async (t) => {
  t.same(balancerSettings({}), { kind: 'haproxy', sticky: false, port: 8090, replicas: 2 })
  t.same(balancerSettings({ balancer: 'nginx', balancer_sticky: 'true', balancer_port: '81', balancer_replicas: 4 }), {
    kind: 'nginx',
    sticky: true,
    port: 81,
    replicas: 4,
  })
  t.throws(() => balancerSettings({ balancer: 'apache' }), {
    message: 'balancer is "apache": it must be nginx or haproxy',
  })
  t.throws(() => balancerSettings({ balancer_sticky: 'yes' }), {
    message: /balancer_sticky is "yes": it must be true or false/,
  })
  t.throws(() => balancerSettings({ balancer_replicas: 0 }), { message: /integer from 1 to 50/ })
})

t.test('the balancer in the image reads the new configuration before it is used', async (t) => {
  const dir = t.testdir({
    // A container: the file inside is in this directory instead.
    docker: `#!/bin/sh
[ "$1 $6 $7" = "run r/b:1 sh" ] && sh -c "$(echo "$9" | sed "s#/tmp/#$PWD/#g")"
`,
    'balancer.sh': '#!/bin/sh\n[ "$1 $3" = "haproxy check" ] && grep -q good "$2"\n',
    good: 'good',
    bad: 'bad',
  })
  for (const name of ['docker', 'balancer.sh']) chmodSync(path.join(dir, name), 0o755)
  const check = (file: string): number | null =>
    spawnSync('dash', ['-c', `lb_to=/x lb_new=${dir}/${file}; ${runValidation(validation('haproxy', 'r/b:1'))}`], {
      cwd: dir,
      env: { PATH: `${dir}:${String(process.env['PATH'])}` },
    }).status
  t.equal(check('good'), 0)
  t.equal(check('bad'), 1)
})
