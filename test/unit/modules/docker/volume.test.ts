import t from 'tap'
import { docker_volume } from '../../../../src/modules/docker/volume.ts'
import { printed } from './recorded/swarm-answers.ts'

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
