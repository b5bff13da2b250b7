import t from 'tap'
import { docker_network } from '../../../../src/modules/docker/network.ts'
import { printed } from './recorded/swarm-answers.ts'

const plan = (params: Parameters<typeof docker_network.definition.schema.parse>[0], networks: object[]) =>
  docker_network.definition.plan(
    docker_network.definition.schema.parse(params),
    { stdout: printed([200, networks]), stderr: '', exitCode: 0 },
    {},
    {},
  )

const NETWORK = {
  Name: 'front',
  Id: 'n1',
  Created: '2024-05-01T10:00:00Z',
  Scope: 'swarm',
  Driver: 'overlay',
  EnableIPv6: false,
  IPAM: { Driver: 'default', Options: null, Config: [{ Subnet: '10.5.0.0/24', Gateway: '10.5.0.1' }] },
  Internal: false,
  Attachable: true,
  Ingress: false,
  Containers: null,
  Options: { 'com.docker.network.driver.overlay.vxlanid_list': '4097' },
  Labels: null,
}

const asked = { name: 'front', driver: 'overlay', attachable: true, ipam_config: [{ subnet: '10.5.0.0/24' }] }

void t.test('docker_network does not change a network that differs only in settings of Docker', async (t) => {
  t.same(plan(asked, [NETWORK]), { changes: [], values: { id: 'n1' } })
})

void t.test('docker_network finds a network by its full name', async (t) => {
  const { changes } = plan(asked, [{ ...NETWORK, Name: 'front_2' }])
  t.equal(changes[0]?.description, 'create overlay network front')
  t.equal(
    changes[0]?.script,
    'docker network create --driver overlay --attachable --subnet 10.5.0.0/24 front >/dev/null || exit',
  )
})

void t.test('docker_network recreates a network with another driver, subnet or option', async (t) => {
  for (const more of [
    { driver: 'bridge' },
    { ipam_config: [{ subnet: '10.6.0.0/24' }] },
    { internal: true },
    { driver_options: { mtu: '1400' } },
  ]) {
    t.equal(
      plan({ ...asked, ...more }, [NETWORK]).changes[0]?.description,
      'recreate network front',
      JSON.stringify(more),
    )
  }
  t.match(plan({ ...asked, internal: true }, [NETWORK]).changes[0]?.diff, {
    before: /internal: false/,
    after: /internal: true/,
  })
})

void t.test('docker_network with state absent removes the network', async (t) => {
  t.equal(plan({ name: 'front', state: 'absent' }, [NETWORK]).changes[0]?.description, 'remove network front')
  t.same(plan({ name: 'front', state: 'absent' }, []).changes, [])
})
