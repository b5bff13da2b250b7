import { createHash } from 'node:crypto'
import { asInt, asText, plugin, type Plugin } from '../arguments.ts'
import { fail } from '../fault.ts'
import { toText } from '../text.ts'
import { shaCrypt } from './sha-crypt.ts'

const digest = (algorithm: string, text: string): string => createHash(algorithm).update(text, 'utf8').digest('hex')

const ALGORITHMS: ReadonlySet<string> = new Set([
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'sha3-224',
  'sha3-256',
  'sha3-384',
  'sha3-512',
])

/** The namespace of Ansible's UUIDs. */
const ANSIBLE = '361e6d51-faec-444a-9079-341386da8e2e'

function uuid5(text: string, namespace: string): string {
  const bytes = Buffer.from(namespace.replaceAll('-', ''), 'hex')
  if (bytes.length !== 16) fail(`"${namespace}" is not a UUID`)
  const hash = createHash('sha1').update(bytes).update(text, 'utf8').digest().subarray(0, 16)
  hash[6] = ((hash[6] as number) & 0x0f) | 0x50
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function decode(value: unknown, [encoding]: readonly unknown[]): string {
  needUtf8(encoding)
  const text = asText(value, 'the input of "b64decode"')
  const bytes = Buffer.from(text, 'base64')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return fail('"b64decode" gives bytes that are not UTF-8 text')
  }
}

const needUtf8 = (encoding: unknown): void => {
  if (!/^utf-?8$/i.test(toText(encoding))) fail(`the encoding "${toText(encoding)}" is not supported: use utf-8`)
}

function passwordHash(value: unknown, [kind, salt, saltSize, rounds, ident]: readonly unknown[]): string {
  const type = toText(kind)
  if (type !== 'sha512' && type !== 'sha256') return fail(`"password_hash" supports sha512 and sha256, not "${type}"`)
  if (saltSize !== null || ident !== null) return fail('"password_hash" does not support salt_size and ident')
  if (salt === null) return fail('"password_hash" needs a salt: with a random one, each run would change the file')
  return shaCrypt(type, toText(value), toText(salt), rounds === null ? undefined : asInt(rounds, 'rounds'))
}

export const cryptoFilters: Readonly<Record<string, Plugin>> = {
  b64encode: plugin([['encoding', 'utf-8']], (value, [encoding]) => {
    needUtf8(encoding)
    return Buffer.from(toText(value), 'utf8').toString('base64')
  }),
  b64decode: plugin([['encoding', 'utf-8']], decode),
  hash: plugin([['hashtype', 'sha1']], (value, [kind]) => {
    const algorithm = toText(kind).replaceAll('_', '-')
    return ALGORITHMS.has(algorithm)
      ? digest(algorithm, toText(value))
      : fail(`the hash "${toText(kind)}" is not supported`)
  }),
  md5: plugin([], (value) => digest('md5', toText(value))),
  sha1: plugin([], (value) => digest('sha1', toText(value))),
  checksum: plugin([], (value) => digest('sha1', toText(value))),
  to_uuid: plugin([['namespace', ANSIBLE]], (value, [namespace]) => uuid5(toText(value), toText(namespace))),
  password_hash: plugin(
    [
      ['hashtype', 'sha512'],
      ['salt', null],
      ['salt_size', null],
      ['rounds', null],
      ['ident', null],
    ],
    passwordHash,
  ),
}
