import * as z from 'zod'
import type { Plan } from '../module.ts'
import { refusing } from '../support/refusing.ts'
import { defineModule } from '../task.ts'
import { ENGINE } from './effects.ts'
import { engineProblem, filtered, get, parseResponses, requireEngine } from './engine.ts'
import { CONNECTION_PARAMS, filters, filterValues } from './filters.ts'
import { redactEnvironment } from './redact-environment.ts'

const schema = z.strictObject(
  {
    containers: z.boolean().default(false),
    /** Also containers that do not run. */
    containers_all: z.boolean().default(false),
    containers_filters: filters.optional(),
    images: z.boolean().default(false),
    images_filters: filters.optional(),
    networks: z.boolean().default(false),
    networks_filters: filters.optional(),
    volumes: z.boolean().default(false),
    volumes_filters: filters.optional(),
    /** Return the size of all image layers. */
    disk_usage: z.boolean().default(false),
    /** Return all fields of the Engine API, not only the usual ones. */
    verbose_output: z.boolean().default(false),
  },
  { error: refusing(CONNECTION_PARAMS) },
)

type Params = z.output<typeof schema>
type Json = Readonly<Record<string, unknown>>

/** What Ansible returns. */
export interface DockerHostInfo {
  readonly can_talk_to_docker: boolean
  readonly host_info?: Json
  readonly containers?: readonly Json[]
  readonly images?: readonly Json[]
  readonly networks?: readonly Json[]
  readonly volumes?: readonly Json[]
  readonly disk_usage?: Json
}

const LISTS = ['volumes', 'networks', 'containers', 'images'] as const

/** The fields without `verbose_output`. */
const FIELDS = {
  containers: ['Id', 'Image', 'Command', 'Created', 'Status', 'Ports', 'Names'],
  volumes: ['Driver', 'Name'],
  images: ['Id', 'RepoTags', 'Created', 'Size'],
  networks: ['Id', 'Driver', 'Name', 'Scope'],
} as const

const path = (params: Params, kind: (typeof LISTS)[number]): string => {
  const of = filterValues(params[`${kind}_filters`])
  if (kind === 'containers') return `${filtered('/containers/json', of)}&all=${params.containers_all ? 1 : 0}`
  return filtered(kind === 'images' ? '/images/json' : `/${kind}`, of)
}

/** Returns facts about the Docker engine of the host. Changes nothing. */
export const docker_host_info = defineModule<typeof schema, DockerHostInfo>({
  name: 'docker_host_info',
  schema,
  title: (params) => ['info', ...LISTS.filter((kind) => params[kind])].join(', '),
  // Lists of everything that any task of Docker can change.
  reads: (params) => (LISTS.some((kind) => params[kind]) || params.disk_usage ? undefined : ENGINE),
  sets: () => [],
  redactOutput: redactEnvironment,
  probe: (params) =>
    [
      requireEngine,
      get(
        '/info',
        ...(params.disk_usage ? ['/system/df'] : []),
        ...LISTS.filter((kind) => params[kind]).map((kind) => path(params, kind)),
      ),
    ].join('\n'),
  plan(params, observed): Plan<DockerHostInfo> {
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    if (problem !== undefined)
      return { changes: [], problem, values: { can_talk_to_docker: answers[0]?.status === 200 } }
    const bodies = answers.map(({ body }) => body)
    const host_info = bodies.shift() as Json
    const usage = params.disk_usage ? (bodies.shift() as Json) : undefined
    const lists = LISTS.filter((kind) => params[kind]).map((kind) => {
      const body = bodies.shift()
      const items = (kind === 'volumes' ? (body as { Volumes: Json[] | null }).Volumes : body) as Json[] | null
      return [kind, (items ?? []).map((item) => (params.verbose_output ? item : pick(item, FIELDS[kind])))] as const
    })
    return {
      changes: [],
      values: {
        can_talk_to_docker: true,
        host_info,
        ...(usage !== undefined && {
          disk_usage: params.verbose_output ? usage : { LayersSize: usage['LayersSize'] },
        }),
        ...Object.fromEntries(lists),
      },
    }
  },
})

const pick = (item: Json, keys: readonly string[]): Json =>
  Object.fromEntries(keys.map((key) => [key, item[key] ?? null]))
