import { readFileSync } from 'node:fs'
import t from 'tap'
import { docker } from '../../../../playbooks/docker/docker.ts'
import { render } from '../../../../src/templates/index.ts'
import { flattenTasks } from '../../../../src/playbook/play.ts'

const tasks = (facts: Record<string, unknown>, vars: Record<string, unknown> = {}) =>
  flattenTasks(
    docker.tasks({
      host: 'node1',
      vars,
      varsWith: (more) => ({ ...vars, ...more }),
      facts,
      groups: {},
      hostvars: () => ({ ...vars, ansible_facts: facts }),
      check: false,
    }),
  ).map(({ module, title, params, keywords }) => ({ module: module.name, title, params, notify: keywords.notify }))

t.test('slow machine gives the daemon a higher CPU weight from its first start', async (t) => {
  for (const [facts, vars] of [
    [{ virtualization_type: 'qemu' }, {}],
    [{}, { slowdown: 4 }],
  ] as const) {
    const all = tasks(facts, vars)
    const place = all.findIndex(({ title }) => title === 'Set CPU weight and stop timeout of Docker')
    t.ok(place > 0 && place < all.findIndex(({ module }) => module === 'apt'), JSON.stringify({ ...facts, ...vars }))
    t.match(
      all[place],
      {
        params: {
          dest: '/etc/systemd/system/docker.service.d/labbook.conf',
          content: /^\[Service\]\nCPUWeight=10000\n/,
        },
        notify: 'reload systemd',
      },
      JSON.stringify({ ...facts, ...vars }),
    )
  }
  t.notOk(
    tasks({}).some(({ title }) => title === 'Set CPU weight and stop timeout of Docker'),
    'no drop-in on other machines',
  )
  const handler = docker.handlers({
    host: 'node1',
    vars: {},
    varsWith: (more) => more,
    facts: {},
    groups: {},
    hostvars: () => ({}),
    check: false,
  })['reload systemd']
  t.match(handler?.params, { name: 'docker', daemon_reload: true, state: undefined }, 'no restart of the daemon')
})

/** daemon.json and the systemd drop-in for a timeout multiplier. */
function settingsFor(slowdown: number) {
  const all = tasks({}, { slowdown })
  const { src, vars } = all.find(({ title }) => title === 'Configure the daemon')?.params as {
    src: string
    vars: Record<string, unknown>
  }
  const unit = all.find(({ title }) => title === 'Set CPU weight and stop timeout of Docker')?.params as
    | { content: string }
    | undefined
  return {
    daemon: JSON.parse(render(readFileSync(src, 'utf8'), src, vars).text) as Record<string, unknown>,
    unit: unit?.content,
  }
}

t.test('slow machine gets longer shutdown timeouts in daemon.json and systemd', async (t) => {
  t.notHas(settingsFor(1).daemon, { 'shutdown-timeout': Number }, "Docker's default on other machines")
  for (const slowdown of [2, 10, 60]) {
    const { daemon, unit } = settingsFor(slowdown)
    t.equal(daemon['shutdown-timeout'], 15 * slowdown, `slowdown ${slowdown}`)
    t.ok(
      Number(/^TimeoutStopSec=(\d+)$/m.exec(unit ?? '')?.[1]) >= 15 * slowdown + 15,
      `slowdown ${slowdown}: systemd does not kill it earlier`,
    )
  }
})
