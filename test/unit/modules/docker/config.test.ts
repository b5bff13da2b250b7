import t from 'tap'
import { docker_config } from '../../../../src/modules/docker/config.ts'
import { printed } from './recorded/swarm-answers.ts'

const seen = (answer: readonly [number, object]) => ({ stdout: printed(answer), stderr: '', exitCode: 0 })

const config = (params: object, answer: readonly [number, object]) =>
  docker_config.definition.plan(
    docker_config.definition.schema.parse({ name: 'motd', ...params }),
    seen(answer),
    {},
    {},
  )

const CONFIG = {
  ID: 'c1',
  Version: { Index: 21 },
  Spec: { Name: 'motd', Labels: { by: 'hand' }, Data: Buffer.from('hello').toString('base64') },
}

const missing = [404, { message: 'config motd not found' }] as const

void t.test('docker_config creates a missing config, with its data on stdin', async (t) => {
  t.equal(
    config({ data: 'hello', labels: { a: '1' } }, missing).changes[0]?.script,
    'printf %s hello | docker config create --label a=1 motd - >/dev/null || exit',
  )
})

void t.test('docker_config does not change an existing config', async (t) => {
  t.same(config({ data: 'hello' }, [200, CONFIG]), { changes: [], values: { id: 'c1' } })
})

void t.test('docker_config reports other data of an existing config', async (t) => {
  t.match(config({ data: 'other' }, [200, CONFIG]), {
    changes: [],
    problem: /^config "motd" has other data, .*new name/,
  })
})

void t.test('docker_config sets its labels and keeps others', async (t) => {
  const [change] = config({ data: 'hello', labels: { a: '1' } }, [200, CONFIG]).changes
  t.match(change, {
    description: 'set label a=1 on config motd',
    diff: { before: 'label by: hand\n', after: 'label a: 1\nlabel by: hand\n' },
  })
  t.match(String(change?.script), /configs\/c1\/update\?version=21/)
})

void t.test('docker_config removes by name, not by a prefix of an id', async (t) => {
  t.equal(config({ state: 'absent' }, [200, CONFIG]).changes[0]?.script, 'docker config rm motd >/dev/null || exit')
  t.same(config({ state: 'absent' }, missing).changes, [])
  t.equal(
    config({ data: 'hello' }, [200, { ...CONFIG, Spec: { ...CONFIG.Spec, Name: 'other' } }]).changes[0]?.description,
    'create config motd',
  )
})

void t.test('docker_config requires data', async (t) => {
  t.throws(() => docker_config.definition.schema.parse({ name: 'motd' }), /data is required/)
})
