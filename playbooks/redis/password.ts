import { randomBytes, scryptSync } from 'node:crypto'
import path from 'node:path'
import { copy, file, play, type PlayContext, type Reference, register, secret, type Secret, slurp } from 'labbook'
import { registryFiles } from '../registry/address.ts'
import { redisVars } from './vars.ts'

const storedPassword = register<{ content: string; sha256: string }>('redis_password')

/** Next to the registry's credentials: removed with the lab. Leaves this machine only as a Swarm secret. */
const passwordFile = (on: PlayContext): string => path.join(path.dirname(registryFiles(on).passwords), 'redis_password')

/** Stores the Redis password: `redis_password` of the inventory, or a generated one. Only its owner can read it. */
export const redisPassword = play('Prepare Redis password', { hosts: 'localhost', tags: ['stack', 'redis'] }, (on) => {
  const { redis_password: configured } = redisVars.read(on.vars)
  return [
    file('Create directory for Redis password', { path: path.dirname(passwordFile(on)), state: 'directory' }),
    copy('Write Redis password', {
      content: configured ?? secret(randomBytes(24).toString('base64url')),
      dest: passwordFile(on),
      mode: '0600',
      force: configured !== undefined,
      no_log: true,
    }),
    slurp('Read Redis password', { src: passwordFile(on), register: storedPassword, no_log: true }),
  ]
})

/** The password, after {@link redisPassword} has run. */
export const password = (): Reference<Secret> => storedPassword.on('localhost').map(({ content }) => secret(content))

/**
 * Name of the Swarm secret. Secrets are immutable, so a new password is a new secret. The name contains a slow hash, so
 * that it does not help guessing the password.
 */
export const secretName = (): Reference<string> => password().map((text) => secretNameFor(text.reveal()))

const names = new Map<string, string>()

export function secretNameFor(text: string): string {
  const cached = names.get(text)
  if (cached !== undefined) return cached
  const name = `counter_redis_password_${scryptSync(text, 'labbook redis', 6).toString('hex')}`
  names.set(text, name)
  return name
}
