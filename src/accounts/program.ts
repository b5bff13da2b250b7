import { randomInt } from 'node:crypto'
import { compare, defaultCost, hashOf, type HashState } from './hash.ts'
import { KeptPasswords } from './kept.ts'
import { hashIn, isAccount, parseLines, textOf, withHash, type Line } from './lines.ts'
import { readPrivate, stateOf, writePrivate, type FileState } from './private-file.ts'

/** What a worker is asked. */
interface Request {
  /** The htpasswd file. */
  readonly path: string
  /** The file with the generated passwords. */
  readonly generated: string
  /** Of every hash; without it, what suits the password. */
  readonly cost?: number | undefined
  readonly users: readonly { readonly name: string; readonly password?: string }[]
}

/** What is there. Holds neither a password nor a hash. */
export interface Look {
  readonly users: readonly { readonly name: string; readonly state: 'missing' | HashState }[]
  /** Users without a password: it is yet to be generated. */
  readonly generate: readonly string[]
  /** Names in the file that are nobody's who was asked for. */
  readonly extra: readonly string[]
  /** How many lines of the file are no account. */
  readonly strange: number
  readonly files: { readonly path: FileState; readonly generated: FileState }
}

/** What to do, beyond the request's users, who get the password they should have. */
interface Make extends Request {
  readonly remove: readonly string[]
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const LENGTH = 24

function look({ path, generated, cost, users }: Request): Look {
  const kept = new KeptPasswords(generated)
  const lines = linesOf(path)
  const asked = new Set(users.map(({ name }) => name))
  const there = lines.filter(isAccount).map(({ name }) => name)
  return {
    users: users.map((user) => {
      const { name, password = kept.get(name) } = user
      const hash = hashIn(lines, name)
      if (!there.includes(name)) return { name, state: 'missing' }
      return {
        name,
        state:
          hash === undefined || password === undefined
            ? 'other password'
            : compare(hash, password, cost ?? defaultCost(user)),
      }
    }),
    generate: users.filter(({ name, password = kept.get(name) }) => password === undefined).map(({ name }) => name),
    extra: [...new Set(there)].filter((name) => !asked.has(name)),
    strange: lines.filter((line) => line === 'no account').length,
    files: { path: stateOf(path), generated: stateOf(generated) },
  }
}

/** Whoever calls it holds the lock of both files. */
function make({ path, generated, cost, users, remove }: Make): object {
  const kept = new KeptPasswords(generated)
  const known = users.map((user) => {
    const { name, password = kept.get(name) } = user
    const sure = password ?? generate()
    if (password === undefined) kept.set(name, sure)
    return { name, password: sure, cost: cost ?? defaultCost(user) }
  })
  for (const name of remove) kept.delete(name)
  // First, so that there never is an account whose password nobody knows.
  kept.save(stateOf(generated) === 'open')

  let lines = linesOf(path).filter((line) => line !== 'no account' && !(isAccount(line) && remove.includes(line.name)))
  for (const account of known) {
    const { name, password } = account
    const hash = hashIn(lines, name)
    if (hash === undefined || compare(hash, password, account.cost) !== 'ok')
      lines = withHash(lines, { name, hash: hashOf(password, account.cost) })
  }
  const text = textOf(lines.filter((line) => line !== 'no account'))
  if (text !== readPrivate(path) || stateOf(path) === 'open') writePrivate(path, text)
  return {}
}

const linesOf = (path: string): Line[] => parseLines(readPrivate(path) ?? '')

const generate = (): string => Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')

/** For a worker: see `modules/support/worker.ts`. */
export const programs = { look, make }
