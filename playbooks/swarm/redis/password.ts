import { randomBytes, scryptSync } from 'node:crypto'
import path from 'node:path'
import {
  copy,
  file,
  play,
  PlaybookError,
  register,
  secret,
  slurp,
  type PlayContext,
  type Reference,
  type Secret,
} from '../../../src/labbook.ts'
import { keepingOf } from '../../registry/address.ts'

const kept = register<{ content: string; sha256: string }>('redis_password')

/**
 * Beside the registry's credentials: goes with the lab, and never leaves this machine but for the Swarm's own store of
 * secrets.
 */
const fileOf = (on: PlayContext): string => path.join(path.dirname(keepingOf(on).passwords), 'redis_password')

function given({ vars }: Pick<PlayContext, 'vars'>): Secret | undefined {
  const { redis_password: password } = vars
  if (password === undefined) return undefined
  const text = typeof password === 'string' ? password : (password as Partial<Secret>).reveal?.()
  if (typeof text !== 'string' || !/^[\x21-\x7e]{8,200}$/.test(text)) {
    throw new PlaybookError('redis_password must be text of 8 to 200 printable ASCII characters without blanks')
  }
  return secret(text)
}

/** The password of Redis: the inventory's `redis_password`, or one that is made once and kept for its owner alone. */
export const redisPassword = play('Redis: password', { hosts: 'localhost', tags: ['stack', 'redis'] }, (on) => [
  file('Folder of the password of Redis', { path: path.dirname(fileOf(on)), state: 'directory' }),
  copy('Password of Redis', {
    content: given(on) ?? secret(randomBytes(24).toString('base64url')),
    dest: fileOf(on),
    mode: '0600',
    force: given(on) !== undefined,
    no_log: true,
  }),
  slurp('Read the password of Redis', { src: fileOf(on), register: kept, no_log: true }),
])

/** The password, once {@link redisPassword} has run. */
export const password = (): Reference<Secret> => kept.on('localhost').map(({ content }) => secret(content))

/**
 * The name of the Swarm secret: another password is another secret, as one cannot be changed. Made by a slow hash, so
 * that the name, which anyone may see, says nothing about a password that somebody chose.
 */
export const secretName = (): Reference<string> => password().map((text) => nameOf(text.reveal()))

const names = new Map<string, string>()

export function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = `counter_redis_password_${scryptSync(text, 'labbook redis', 6).toString('hex')}`
  names.set(text, name)
  return name
}
