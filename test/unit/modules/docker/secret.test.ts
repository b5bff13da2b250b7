import t from 'tap'
import { docker_secret } from '../../../../src/modules/docker/secret.ts'
import { secret } from '../../../../src/values/secret.ts'
import { printed } from './recorded/swarm-answers.ts'

const seen = (answer: readonly [number, object]) => ({ stdout: printed(answer), stderr: '', exitCode: 0 })

const sealed = (params: object, answer: readonly [number, object]) =>
  docker_secret.definition.plan(docker_secret.definition.schema.parse({ name: 'key', ...params }), seen(answer), {}, {})

const SECRET = { ID: 's1', Version: { Index: 22 }, Spec: { Name: 'key', Labels: {} } }

const missing = [404, { message: 'config motd not found' }] as const

void t.test('docker_secret creates a missing secret, with its data on stdin', async (t) => {
  t.match(sealed({ data: secret('hunter2') }, missing).changes, [
    { description: 'create secret key', script: /^printf %s hunter2 \| docker secret create +key - / },
  ])
})

void t.test('docker_secret does not change an existing secret, whose data nobody can read', async (t) => {
  t.same(sealed({ data: 'anything' }, [200, SECRET]), { changes: [], values: { id: 's1' } })
})

void t.test('docker_secret rejects an invalid name', async (t) => {
  t.throws(() => docker_secret.definition.schema.parse({ name: 'not a name', data: 'x' }), /must be up to 64/)
})
