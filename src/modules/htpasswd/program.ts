import { randomInt } from 'node:crypto'
import { compare, defaultCost, hashOf, type HashState } from './hash.ts'
import { GeneratedPasswords } from './generated-passwords.ts'
import { hashIn, isAccount, parseLines, textOf, withHash, type HtpasswdLine } from './htpasswd-lines.ts'
import { readPrivate, stateOf, writePrivate, type FileState } from './private-file.ts'

/** The request to a worker. */
interface Request {
  /** The htpasswd file. */
  readonly path: string
  /** The file with the generated passwords. */
  readonly generated: string
  /** Of every hash. Default: by the kind of password. */
  readonly cost?: number | undefined
  readonly users: readonly { readonly name: string; readonly password?: string }[]
}

/** The state of the files. Contains neither passwords nor hashes. */
export interface HtpasswdState {
  readonly users: readonly { readonly name: string; readonly state: 'missing' | HashState }[]
  /** Users whose passwords must be generated. */
  readonly generate: readonly string[]
  /** Names in the file that are not requested. */
  readonly extra: readonly string[]
  /** Number of invalid lines. */
  readonly invalidLines: number
  readonly files: { readonly path: FileState; readonly generated: FileState }
}

/** A request with the users to remove. */
interface ChangeRequest extends Request {
  readonly remove: readonly string[]
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const LENGTH = 24

function look({ path, generated, cost, users }: Request): HtpasswdState {
  const passwords = new GeneratedPasswords(generated)
  const lines = linesOf(path)
  const requested = new Set(users.map(({ name }) => name))
  const existing = lines.filter(isAccount).map(({ name }) => name)
  return {
    users: users.map((user) => {
      const { name, password = passwords.get(name) } = user
      const hash = hashIn(lines, name)
      if (!existing.includes(name)) return { name, state: 'missing' }
      return {
        name,
        state:
          hash === undefined || password === undefined
            ? 'other password'
            : compare(hash, password, cost ?? defaultCost(user)),
      }
    }),
    generate: users
      .filter(({ name, password = passwords.get(name) }) => password === undefined)
      .map(({ name }) => name),
    extra: [...new Set(existing)].filter((name) => !requested.has(name)),
    invalidLines: lines.filter((line) => line === 'no account').length,
    files: { path: stateOf(path), generated: stateOf(generated) },
  }
}

/** The caller must hold the locks of both files. */
function make({ path, generated, cost, users, remove }: ChangeRequest): object {
  const passwords = new GeneratedPasswords(generated)
  const accounts = users.map((user) => {
    const { name, password = passwords.get(name) } = user
    const effective = password ?? generate()
    if (password === undefined) passwords.set(name, effective)
    return { name, password: effective, cost: cost ?? defaultCost(user) }
  })
  for (const name of remove) passwords.delete(name)
  // First, so that no account ever has an unknown password.
  passwords.save(stateOf(generated) === 'open')

  let lines = linesOf(path).filter((line) => line !== 'no account' && !(isAccount(line) && remove.includes(line.name)))
  for (const account of accounts) {
    const { name, password } = account
    const hash = hashIn(lines, name)
    if (hash === undefined || compare(hash, password, account.cost) !== 'ok')
      lines = withHash(lines, { name, hash: hashOf(password, account.cost) })
  }
  const text = textOf(lines.filter((line) => line !== 'no account'))
  if (text !== readPrivate(path) || stateOf(path) === 'open') writePrivate(path, text)
  return {}
}

const linesOf = (path: string): HtpasswdLine[] => parseLines(readPrivate(path) ?? '')

const generate = (): string => Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')

/** Programs for the worker: see `modules/support/worker.ts`. */
export const programs = { look, make }
