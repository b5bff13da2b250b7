import t from 'tap'
import { docker_config } from '../../../../src/modules/docker/config.ts'
import { docker_secret } from '../../../../src/modules/docker/secret.ts'
import { secret, SecretBytes } from '../../../../src/values/secret.ts'
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

void t.test('docker_secret and docker_config reject data that a manager refuses', async (t) => {
  const why = (module: typeof docker_secret | typeof docker_config, data: string): string | undefined =>
    module.definition.schema.safeParse({ name: 'key', data }).error?.issues[0]?.message
  t.equal(why(docker_secret, ''), 'Swarm refuses an empty secret')
  t.equal(why(docker_config, ''), 'Swarm refuses an empty config')
  t.equal(why(docker_secret, 'é'.repeat(256_000)), 'Swarm refuses a secret of 500 KiB or more')
  t.equal(why(docker_secret, 'a'.repeat(511_999)), undefined)
  t.equal(why(docker_config, 'a'.repeat(1_024_000)), 'Swarm refuses a config of 1000 KiB or more')
  t.equal(why(docker_config, 'a'.repeat(1_023_999)), undefined)
  t.equal(why(docker_config, 'a\0b'), 'must not contain a NUL byte')
  const { error } = docker_secret.definition.schema.safeParse({ name: 'key', data: new SecretBytes(Buffer.from('a')) })
  t.match(error?.issues[0]?.message, 'must be text, not bytes', 'they would be changed')
})

void t.test('docker_secret rejects an invalid name', async (t) => {
  t.throws(() => docker_secret.definition.schema.parse({ name: 'not a name', data: 'x' }), /must be up to 64/)
})
