import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'

/** What the tasks are about; what else a runner leaves on a host (its own folders, logs) is its own affair. */
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
/** Accounts of the tasks, by their numbers. */
const IDS = { first: 2500, last: 2599 }

/**
 * The part of a host's files that the tasks are about, a line for each: path, kind, mode, owner, and content by hash or
 * the link's target. Two hosts with the same lines are in the same state.
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

/** Of the passwords nothing but the mark in the shadow file: the date beside it is of the day. */
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

/** How one state differs from another, `-` for what is only in the first; empty when they are equal. */
export function difference(a: readonly string[], b: readonly string[]): string[] {
  return [
    ...a.filter((line) => !b.includes(line)).map((line) => `- ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`),
  ]
}
