import t from 'tap'
import { docker_config } from '../../../../src/modules/docker/config.ts'
import { docker_secret } from '../../../../src/modules/docker/secret.ts'
import { secret } from '../../../../src/values/secret.ts'
import { printed } from './recorded/swarm-answers.ts'

const seen = (answer: readonly [number, object]) => ({ stdout: printed(answer), stderr: '', exitCode: 0 })
const config = (params: object, answer: readonly [number, object]) =>
  docker_config.definition.plan(
    docker_config.definition.schema.parse({ name: 'motd', ...params }),
    seen(answer),
    {},
    {},
  )
const sealed = (params: object, answer: readonly [number, object]) =>
  docker_secret.definition.plan(docker_secret.definition.schema.parse({ name: 'key', ...params }), seen(answer), {}, {})

const CONFIG = {
  ID: 'c1',
  Version: { Index: 21 },
  Spec: { Name: 'motd', Labels: { by: 'hand' }, Data: Buffer.from('hello').toString('base64') },
}
const SECRET = { ID: 's1', Version: { Index: 22 }, Spec: { Name: 'key', Labels: {} } }
const missing = [404, { message: 'config motd not found' }] as const

void t.test('a missing secret or config is created, with its data on stdin', async (t) => {
  t.equal(
    config({ data: 'hello', labels: { a: '1' } }, missing).changes[0]?.script,
    'printf %s hello | docker config create --label a=1 motd - >/dev/null || exit',
  )
  t.match(sealed({ data: secret('hunter2') }, missing).changes, [
    { description: 'create secret key', script: /^printf %s hunter2 \| docker secret create +key - / },
  ])
})

void t.test('an existing secret or config needs no change', async (t) => {
  t.same(config({ data: 'hello' }, [200, CONFIG]), { changes: [], values: { id: 'c1' } })
  t.same(
    sealed({ data: 'anything' }, [200, SECRET]),
    { changes: [], values: { id: 's1' } },
    'nobody can see what a secret holds',
  )
})

void t.test('other data of a config is an error', async (t) => {
  t.match(config({ data: 'other' }, [200, CONFIG]), {
    changes: [],
    problem: /^config "motd" has other data, .*new name/,
  })
})

void t.test('labels are set, and others are kept', async (t) => {
  const [change] = config({ data: 'hello', labels: { a: '1' } }, [200, CONFIG]).changes
  t.match(change, {
    description: 'set label a=1 on config motd',
    diff: { before: 'label by: hand\n', after: 'label a: 1\nlabel by: hand\n' },
  })
  t.match(String(change?.script), /configs\/c1\/update\?version=21/)
})

void t.test('absent removes by name, not by a prefix of an id', async (t) => {
  t.equal(config({ state: 'absent' }, [200, CONFIG]).changes[0]?.script, 'docker config rm motd >/dev/null || exit')
  t.same(config({ state: 'absent' }, missing).changes, [])
  t.equal(
    config({ data: 'hello' }, [200, { ...CONFIG, Spec: { ...CONFIG.Spec, Name: 'other' } }]).changes[0]?.description,
    'create config motd',
  )
})

void t.test('data is required', async (t) => {
  t.throws(() => docker_config.definition.schema.parse({ name: 'motd' }), /data is required/)
  t.throws(() => docker_secret.definition.schema.parse({ name: 'not a name', data: 'x' }), /must be up to 64/)
})
