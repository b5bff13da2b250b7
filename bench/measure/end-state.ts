import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'

/** Paths that the tasks manage. Other files of a runner (its directories, logs) are ignored. */
const PATHS = [
  'srv',
  'home',
  'etc/hosts',
  'etc/environment',
  'etc/security/limits.conf',
  'etc/login.defs',
  'etc/motd',
  'etc/issue',
]
/** User and group IDs of the tasks. */
const IDS = { first: 2500, last: 2599 }

/**
 * The managed files of a host, a line each: path, kind, mode, owner, and content hash or link target. Hosts with equal
 * lines are in the same state.
 */
export function endState(root: string): string[] {
  return [...PATHS.flatMap((name) => describe(root, name)), ...accounts(root)]
}

function describe(root: string, name: string): string[] {
  const file = path.join(root, name)
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found === undefined) return [`${name} absent`]
  const owner = `${found.uid}:${found.gid}`
  if (found.isSymbolicLink()) return [`${name} link ${owner} -> ${readlinkSync(file)}`]
  const mode = (found.mode & 0o7777).toString(8)
  if (found.isDirectory()) {
    return [
      `${name} directory ${mode} ${owner}`,
      ...readdirSync(file)
        .sort()
        .flatMap((entry) => describe(root, path.join(name, entry))),
    ]
  }
  const hash = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16)
  return [`${name} file ${mode} ${owner} ${found.size} bytes ${hash}`]
}

/** Only the password field of the shadow file: the date beside it varies. */
function accounts(root: string): string[] {
  const rows = (name: string): string[][] =>
    readFileSync(path.join(root, 'etc', name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(':'))
  const ours = (row: string[]): boolean => Number(row[2]) >= IDS.first && Number(row[2]) <= IDS.last
  const users = rows('passwd').filter(ours)
  const names = new Set(users.map(([name]) => name))
  return [
    ...users.map((row) => `passwd ${row.join(':')}`),
    ...rows('group')
      .filter(ours)
      .map((row) => `group ${row.join(':')}`),
    ...rows('shadow')
      .filter(([name]) => names.has(name))
      .map(([name, password]) => `shadow ${name}:${password}`),
  ].sort()
}

/** The diff of two states; empty if they are equal. */
export function difference(a: readonly string[], b: readonly string[]): string[] {
  return [
    ...a.filter((line) => !b.includes(line)).map((line) => `- ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`),
  ]
}
