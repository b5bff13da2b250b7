import t from 'tap'
import { docker } from '../../../playbooks/docker/docker.ts'
import { flatten } from '../../../src/run/play.ts'

const tasks = (facts: Record<string, unknown>, vars: Record<string, unknown> = {}) =>
  flatten(docker.tasks({ host: 'node1', vars, facts, groups: {}, hostvars: () => ({ ...vars, ansible_facts: facts }), check: false }))
    .map(({ module, title, params, keywords }) => ({ module: module.name, title, params, notify: keywords.notify }))

t.test('on a slow machine the daemon goes before the containers, from its first start on', async (t) => {
  for (const [facts, vars] of [[{ virtualization_type: 'qemu' }, {}], [{}, { slowdown: 4 }]] as const) {
    const all = tasks(facts, vars)
    const place = all.findIndex(({ title }) => title === 'The daemon goes before the containers')
    t.ok(place > 0 && place < all.findIndex(({ module }) => module === 'apt'))
    t.match(all[place], { params: { dest: '/etc/systemd/system/docker.service.d/labbook.conf', content: '[Service]\nCPUWeight=10000\n' }, notify: 'read unit files' })
  }
  t.notOk(tasks({}).some(({ title }) => title === 'The daemon goes before the containers'), 'elsewhere systemd is told nothing')
  const handler = docker.handlers({ host: 'node1', vars: {}, facts: {}, groups: {}, hostvars: () => ({}), check: false })['read unit files']
  t.match(handler?.params, { name: 'docker', daemon_reload: true, state: undefined }, 'the daemon goes on')
})
