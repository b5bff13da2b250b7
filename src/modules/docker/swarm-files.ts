import * as z from 'zod'
import { reveal, type Secret } from '../../values/secret.ts'
import { raw, sh } from '../../shell/quote.ts'
import type { Observed } from '../script-output.ts'
import type { Change, Plan } from '../module.ts'
import { ENGINE, MEMBERSHIP, resourceNamed } from './effects.ts'
import { parseResponses, engineProblem, get, exitOnError, post, requireEngine } from './engine.ts'

/* Common parts of docker_secret and docker_config. Their data is immutable, their labels are not. */

/** A manager refuses larger data, and empty one. */
const LIMIT_KIB: Readonly<Record<Kind, number>> = { secret: 500, config: 1000 }

function dataProblem(kind: Kind, data: string): string | undefined {
  if (data === '') return `Swarm refuses an empty ${kind}`
  if (data.includes('\0')) return 'must not contain a NUL byte'
  const limit = LIMIT_KIB[kind]
  return Buffer.byteLength(data) < limit * 1024 ? undefined : `Swarm refuses a ${kind} of ${limit} KiB or more`
}

/** The parameters of both modules, with the given data. */
export const swarmFileSchema = <D extends z.ZodOptional>(kind: Kind, what: { readonly data: D }) =>
  z
    .strictObject({
      name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be up to 64 letters, digits, -, _ and .'),
      labels: z.record(z.string().min(1), z.string()).default({}).describe('Other existing labels are kept.'),
      state: z.enum(['present', 'absent']).default('present'),
      ...what,
    })
    .refine((params) => params.state === 'absent' || (params as { data?: unknown }).data !== undefined, {
      error: 'data is required',
      path: ['data'],
    })
    .superRefine((params, context) => {
      const { data } = params as { data?: string | Secret }
      const message = data === undefined ? undefined : dataProblem(kind, reveal(data))
      if (message !== undefined) context.addIssue({ code: 'custom', message, path: ['data'] })
    })

interface Params {
  readonly name: string
  readonly data?: string | Secret | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly state: 'present' | 'absent'
}

/** As the engine returns it; for a secret without data. */
interface SwarmObject {
  readonly ID: string
  readonly Version: { readonly Index: number }
  readonly Spec: {
    readonly Name: string
    readonly Labels?: Readonly<Record<string, string>> | null
    readonly Data?: string
  }
}

type Kind = 'secret' | 'config'

/** Id of a secret or config. */
export interface SwarmFile {
  readonly id: string
}

/** Reads, sets and probe of the two modules. */
export const swarmFileDefinition = (kind: Kind) => ({
  reads: ({ name }: Params) => [...ENGINE, MEMBERSHIP, ...resourceNamed(kind, name)],
  sets: ({ name }: Params) => [`docker-${kind}:${name}`],
  title: ({ name }: Params) => name,
  probe: ({ name }: Params) => `${requireEngine}\n${get(`/${kind}s/${encodeURIComponent(name)}`)}`,
})

/** @param matches - whether the existing data equals the desired data; undefined if Docker does not reveal it */
export function planSwarmFile(
  kind: Kind,
  { name, data, labels, state }: Params,
  observed: Observed,
  matches: (existing: string) => boolean | undefined,
): Plan<SwarmFile> {
  const answers = parseResponses(observed.stdout)
  const problem = engineProblem(observed, answers)
  if (problem !== undefined) return { changes: [], problem }
  const [answer] = answers
  const found = answer?.status === 200 ? (answer.body as SwarmObject) : undefined
  // The engine also accepts a prefix of an id.
  const existing = found?.Spec.Name === name ? found : undefined
  if (state === 'absent') {
    return {
      changes:
        existing === undefined
          ? []
          : [{ description: `remove ${kind} ${name}`, script: sh`docker ${kind} rm ${name} >/dev/null || exit` }],
    }
  }
  if (existing === undefined) {
    const flags = Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`])
    return {
      changes: [
        {
          description: `create ${kind} ${name}`,
          script: sh`printf %s ${data ?? ''} | docker ${kind} create ${flags} ${name} - >/dev/null || exit`,
        },
      ],
    }
  }
  const values = { id: existing.ID }
  if (matches(existing.Spec.Data ?? '') === false) {
    return {
      changes: [],
      values,
      problem: `${kind} "${name}" has other data, and ${kind}s are immutable: create one with a new name and update the services to use it`,
    }
  }
  return { changes: labelChanges(kind, existing, labels), values }
}

function labelChanges(
  kind: Kind,
  { ID, Version, Spec }: SwarmObject,
  labels: Readonly<Record<string, string>>,
): Change[] {
  const current = Spec.Labels ?? {}
  const differing = Object.entries(labels).filter(([key, value]) => current[key] !== value)
  if (differing.length === 0) return []
  const after = { ...current, ...labels }
  const text = (all: Readonly<Record<string, string>>): string =>
    Object.entries(all)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, value]) => `label ${key}: ${value}\n`)
      .join('')
  return [
    {
      description: `set ${differing.map(([key, value]) => `label ${key}=${value}`).join(', ')} on ${kind} ${Spec.Name}`,
      script: sh`${raw(post(`/${kind}s/${ID}/update?version=${Version.Index}`, JSON.stringify({ ...Spec, Labels: after })))}\n${raw(exitOnError)}`,
      diff: { subject: `${kind} ${Spec.Name}`, before: text(current), after: text(after) },
    },
  ]
}
