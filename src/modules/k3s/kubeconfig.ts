import { homedir } from 'node:os'
import path from 'node:path'
import { isMap, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml'
import * as z from 'zod'
import type { Plan } from '../module.ts'
import { entryAt, setContent } from '../support/effects.ts'
import { alwaysSecret, targetFile } from '../support/params.ts'
import { pathProbe, parsePathFacts } from '../support/path-facts.ts'
import { obstacle } from '../support/place-file.ts'
import { printBytes, sha256 } from '../support/file-content.ts'
import { guardedReplacement } from '../support/replace-file.ts'
import { defineModule } from '../task.ts'
import { secret } from '../../values/secret.ts'

const LIMIT = 1024 * 1024
/** The lists of a kubeconfig, and the key of their entries. */
const LISTS = [
  ['clusters', 'cluster'],
  ['users', 'user'],
  ['contexts', 'context'],
] as const

/**
 * Converts a server's own kubeconfig for another machine: external address, and a given name for cluster, user and
 * context.
 *
 * @throws {SyntaxError} if it is not a kubeconfig.
 */
export function renameContext(
  kubeconfig: string,
  { context, server }: { readonly context: string; readonly server: string },
): string {
  const document = read(kubeconfig)
  for (const [list, key] of LISTS) {
    const entry = document.getIn([list, 0])
    if (!isMap(entry)) throw new SyntaxError(`it has no ${key}`)
    entry.set('name', context)
  }
  document.setIn(['clusters', 0, 'cluster', 'server'], server)
  document.setIn(['contexts', 0, 'context', 'cluster'], context)
  document.setIn(['contexts', 0, 'context', 'user'], context)
  document.set('current-context', context)
  for (const field of ['client-key-data', 'token', 'password']) {
    const value: unknown = document.getIn(['users', 0, 'user', field])
    if (typeof value === 'string') secret(value)
  }
  return document.toString({ lineWidth: 0 })
}

/**
 * Merges a context into a kubeconfig, or replaces the context of that name. Keeps everything else, including comments
 * and the current context.
 *
 * @param existing - content of the file, empty if it does not exist.
 * @returns the new content; the old one if nothing changes.
 */
export function mergeContext(existing: string, context: string, one: string | undefined): string {
  const target =
    existing.trim() === ''
      ? parseDocument('apiVersion: v1\nkind: Config\npreferences: {}\nclusters: []\ncontexts: []\nusers: []\n')
      : read(existing)
  const before = JSON.stringify(target.toJS())
  for (const [list] of LISTS) {
    const entries = target.get(list)
    const items = isSeq(entries) ? entries.items : []
    const at = items.findIndex((item) => isMap(item) && item.get('name') === context)
    const entry = one === undefined ? undefined : (read(one).toJS() as Record<string, readonly unknown[]>)[list]?.[0]
    if (entry === undefined) {
      if (at !== -1) items.splice(at, 1)
    } else if (at === -1) {
      if (isSeq(entries)) entries.add(target.createNode(entry))
      else target.set(list, target.createNode([entry]))
    } else if (JSON.stringify((items[at] as YAMLMap).toJSON()) !== JSON.stringify(entry))
      items[at] = target.createNode(entry)
  }
  if (one !== undefined && !target.get('current-context')) target.set('current-context', context)
  if (one === undefined && target.get('current-context') === context) target.set('current-context', '')
  // Reserialize only if the content differs.
  return JSON.stringify(target.toJS()) === before && existing.trim() !== ''
    ? existing
    : target.toString({ lineWidth: 0 })
}

/** @throws {SyntaxError} without any of the content, which contains keys. */
function read(text: string): Document.Parsed {
  const document = parseDocument(text, { prettyErrors: false })
  const at = document.errors[0]?.pos[0]
  if (at !== undefined) throw new SyntaxError(`line ${text.slice(0, at).split('\n').length} is not YAML`)
  if (!isMap(document.contents)) throw new SyntaxError('it is not a kubeconfig')
  return document
}

/** The kubeconfig that kubectl uses by default: the first of `$KUBECONFIG`, or `~/.kube/config`. */
export const defaultKubeconfig = (env: NodeJS.ProcessEnv = process.env): string =>
  (env.KUBECONFIG ?? '').split(path.delimiter).find((file) => file !== '') ?? path.join(homedir(), '.kube/config')

const schema = z
  .strictObject({
    /** The shared kubeconfig. */
    path: targetFile,
    context: z.string().min(1),
    /** A kubeconfig with that one context. */
    kubeconfig: alwaysSecret.optional(),
    state: z.enum(['present', 'absent']).default('present'),
  })
  .refine(({ state, kubeconfig }) => state === 'absent' || kubeconfig !== undefined, 'state present needs kubeconfig')

/** Adds, replaces or removes a context in a shared kubeconfig, and keeps everything else. */
export const kubeconfig = defineModule<typeof schema, { readonly path: string }>({
  name: 'kubeconfig',
  schema,
  title: ({ path: file, context, state }) => `${state === 'absent' ? 'no context' : 'context'} ${context} in ${file}`,
  reads: ({ path: file }) => entryAt(file),
  sets: ({ path: file }) => setContent(file),
  printsFiles: true,
  probe: ({ path: file }) => pathProbe({ path: file, follow: true, read: { text: LIMIT } }),
  plan({ path: file, context, kubeconfig: one, state }, observed): Plan<{ path: string }> {
    const facts = parsePathFacts(observed)
    if (typeof facts === 'string') return { changes: [], problem: `cannot read "${file}": ${facts}` }
    const values = { path: file }
    if (state === 'absent' && facts.kind === null) return { changes: [], values }
    const problem = obstacle(file, facts)
    if (problem !== undefined) return { changes: [], problem }
    const exists = facts.kind === 'file'
    if (exists && facts.content === undefined)
      return { changes: [], problem: `"${file}" has ${facts.size} bytes; the limit is ${LIMIT}` }
    try {
      const before = facts.content ?? ''
      const after = mergeContext(before, context, state === 'absent' ? undefined : one?.reveal())
      if (after === before) return { changes: [], values }
      const replacement = guardedReplacement({
        path: file,
        fill: `${printBytes(Buffer.from(after))} >&8`,
        size: Buffer.byteLength(after),
        ...(exists ? { old: facts } : { mode: 0o600 }),
        madeFrom: exists ? sha256(before) : null,
        followLink: true,
      })
      const redacted = (text: string): string => (text === '' ? '' : '[REDACTED]\n')
      return {
        changes: [
          {
            description: `${state === 'absent' ? 'remove' : 'write'} context ${context} ${state === 'absent' ? 'from' : 'to'} ${file}`,
            ...replacement,
            diff: { subject: file, before: redacted(before), after: redacted(after) },
          },
        ],
        values,
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      return { changes: [], problem: `cannot parse "${file}" (${error.message}): fix it, or move it away` }
    }
  },
})
