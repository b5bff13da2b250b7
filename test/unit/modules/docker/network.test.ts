import t from 'tap'
import { docker_network } from '../../../../src/modules/docker/network.ts'
import { docker_volume } from '../../../../src/modules/docker/volume.ts'
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

void t.test('a network in the desired state needs no change; settings filled in by Docker are ignored', async (t) => {
  t.same(plan(asked, [NETWORK]), { changes: [], values: { id: 'n1' } })
})

void t.test('a network is found by its full name', async (t) => {
  const { changes } = plan(asked, [{ ...NETWORK, Name: 'front_2' }])
  t.equal(changes[0]?.description, 'create overlay network front')
  t.equal(
    changes[0]?.script,
    'docker network create --driver overlay --attachable --subnet 10.5.0.0/24 front >/dev/null || exit',
  )
})

void t.test('a changed driver, subnet or option recreates the network', async (t) => {
  for (const more of [
    { driver: 'bridge' },
    { ipam_config: [{ subnet: '10.6.0.0/24' }] },
    { internal: true },
    { driver_options: { mtu: '1400' } },
  ]) {
    t.equal(plan({ ...asked, ...more }, [NETWORK]).changes[0]?.description, 'recreate network front')
  }
  t.match(plan({ ...asked, internal: true }, [NETWORK]).changes[0]?.diff, {
    before: /internal: false/,
    after: /internal: true/,
  })
})

void t.test('absent removes the network', async (t) => {
  t.equal(plan({ name: 'front', state: 'absent' }, [NETWORK]).changes[0]?.description, 'remove network front')
  t.same(plan({ name: 'front', state: 'absent' }, []).changes, [])
})

void t.test('docker_volume creates and removes volumes, and rejects other options', async (t) => {
  const volume = (
    params: Parameters<typeof docker_volume.definition.schema.parse>[0],
    answer: readonly [number, object],
  ) =>
    docker_volume.definition.plan(
      docker_volume.definition.schema.parse(params),
      { stdout: printed(answer), stderr: '', exitCode: 0 },
      {},
      {},
    )
  const data = {
    Name: 'data',
    Driver: 'local',
    Mountpoint: '/var/lib/docker/volumes/data/_data',
    Labels: null,
    Options: { type: 'tmpfs' },
    Scope: 'local',
  }
  const missing = [404, { message: 'get data: no such volume' }] as const

  t.same(volume({ name: 'data' }, [200, data]), { changes: [], values: { mountpoint: data.Mountpoint } })
  t.match(volume({ name: 'data' }, missing).changes[0]?.script, /^docker volume create --driver local +data /)
  t.match(volume({ name: 'data', driver_options: { type: 'nfs' } }, [200, data]).problem, /option type is tmpfs/)
  t.equal(
    volume({ name: 'data', state: 'absent' }, [200, data]).changes[0]?.description,
    'remove volume data and its data',
  )
  t.same(volume({ name: 'data', state: 'absent' }, missing).changes, [])
})
