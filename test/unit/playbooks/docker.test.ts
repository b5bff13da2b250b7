import { readFileSync } from 'node:fs'
import t from 'tap'
import { docker } from '../../../playbooks/docker/docker.ts'
import { render } from '../../../src/modules/support/render.ts'
import { flatten } from '../../../src/run/play.ts'

const tasks = (facts: Record<string, unknown>, vars: Record<string, unknown> = {}) =>
  flatten(
    docker.tasks({
      host: 'node1',
      vars,
      facts,
      groups: {},
      hostvars: () => ({ ...vars, ansible_facts: facts }),
      check: false,
    }),
  ).map(({ module, title, params, keywords }) => ({ module: module.name, title, params, notify: keywords.notify }))

t.test('on a slow machine the daemon goes before the containers, from its first start on', async (t) => {
  for (const [facts, vars] of [
    [{ virtualization_type: 'qemu' }, {}],
    [{}, { slowdown: 4 }],
  ] as const) {
    const all = tasks(facts, vars)
    const place = all.findIndex(({ title }) => title === 'Processor and time for the daemon')
    t.ok(place > 0 && place < all.findIndex(({ module }) => module === 'apt'))
    t.match(all[place], {
      params: { dest: '/etc/systemd/system/docker.service.d/labbook.conf', content: /^\[Service\]\nCPUWeight=10000\n/ },
      notify: 'read unit files',
    })
  }
  t.notOk(
    tasks({}).some(({ title }) => title === 'Processor and time for the daemon'),
    'elsewhere systemd is told nothing',
  )
  const handler = docker.handlers({
    host: 'node1',
    vars: {},
    facts: {},
    groups: {},
    hostvars: () => ({}),
    check: false,
  })['read unit files']
  t.match(handler?.params, { name: 'docker', daemon_reload: true, state: undefined }, 'the daemon goes on')
})

/** What the daemon is told in daemon.json, and what systemd is told of it, where a machine is so slow. */
function told(slowdown: number) {
  const all = tasks({}, { slowdown })
  const { src, vars } = all.find(({ title }) => title === 'Configure the daemon')?.params as {
    src: string
    vars: Record<string, unknown>
  }
  const unit = all.find(({ title }) => title === 'Processor and time for the daemon')?.params as
    | { content: string }
    | undefined
  return {
    daemon: JSON.parse(render(readFileSync(`templates/${src}`, 'utf8'), src, vars).text) as Record<string, unknown>,
    unit: unit?.content,
  }
}

t.test('a slow daemon gets time to take its networks down, and systemd lets it', async (t) => {
  t.notHas(told(1).daemon, { 'shutdown-timeout': Number }, 'elsewhere it is as Docker has it')
  for (const slowdown of [2, 10, 60]) {
    const { daemon, unit } = told(slowdown)
    t.equal(daemon['shutdown-timeout'], 15 * slowdown)
    t.ok(
      Number(/^TimeoutStopSec=(\d+)$/m.exec(unit ?? '')?.[1]) >= 15 * slowdown + 15,
      'it is not ended by force before',
    )
  }
})
