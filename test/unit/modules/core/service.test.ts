import t from 'tap'
import { package as packageModule, service } from '../../../../src/modules/index.ts'
import { systemd } from '../../../../src/modules/core/systemd.ts'
import { apt } from '../../../../src/modules/core/apt.ts'

const issues = (
  {
    definition,
  }: { definition: { schema: { safeParse(params: object): { error?: { issues: { message: string }[] } } } } },
  params: object,
): string[] => definition.schema.safeParse(params).error?.issues.map(({ message }) => message) ?? []

const state = (active: string, file: string): string =>
  `LoadState=loaded\nActiveState=${active}\nSubState=x\nUnitFileState=${file}\nNeedDaemonReload=no\nType=simple\nResult=success\n`

t.test('service plans as systemd does, and returns names of Ansible', (t) => {
  const { definition } = service
  const params = definition.schema.parse({ name: 'cron', state: 'started', enabled: true })
  const unit = systemd.definition.schema.parse({ name: 'cron', state: 'started', enabled: true })
  t.equal(definition.probe(params, {}), systemd.definition.probe(unit, {}))
  const stopped = { stdout: state('inactive', 'disabled'), stderr: '', exitCode: 0 }
  const { changes, values } = definition.plan(params, stopped, {}, {})
  t.same(changes, systemd.definition.plan(unit, stopped, {}, {}).changes)
  t.same(values, { name: 'cron', state: 'stopped', enabled: false })
  const started = { stdout: state('active', 'enabled'), stderr: '', exitCode: 0 }
  t.same(definition.plan(params, started, {}, {}), {
    ...systemd.definition.plan(unit, started, {}, {}),
    values: { name: 'cron', state: 'started', enabled: true },
  })
  t.same(definition.result?.(params, [stopped]).failed, 'cron is inactive (x), not running')
  t.same(definition.reads?.(params), systemd.definition.reads?.(unit))
  t.end()
})

t.test('service refuses what systemd does not use', (t) => {
  t.same(issues(service, { name: 'a', state: 'started', sleep: 1 }), [
    '"sleep" is not supported: systemd does not use it',
  ])
  t.same(issues(service, { name: 'a' }), ['set state or enabled'])
  t.end()
})

t.test('package takes the parameters of apt, and requires a state', (t) => {
  const { definition } = packageModule
  t.equal(issues(packageModule, { name: 'curl' }).length, 1)
  t.equal(issues(packageModule, { name: 'curl', state: 'present', use: 'dnf' }).length, 1)
  t.same(issues(packageModule, { name: 'curl=1', state: 'latest' }), [
    'state: latest cannot be combined with a version',
  ])
  const params = definition.schema.parse({ name: ['curl', 'git'], state: 'present', update_cache: true })
  t.equal(definition.probe(params, {}), apt.definition.probe({ ...params }, {}))
  t.equal(definition.name, 'package')
  t.end()
})
