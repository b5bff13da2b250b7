import * as z from 'zod'
import type { Change, Plan, Result } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { refusing } from '../support/refusing.ts'
import { plural } from '../support/text.ts'
import { defineModule } from '../task.ts'
import { engineProblem, exitOnError, filtered, get, parseResponses, post, requireEngine } from './engine.ts'
import { CONNECTION_PARAMS, filters, filterValues } from './filters.ts'
import { engineFilters, pruneCandidates, UnknownFilter, type Answers, type PruneKind } from './prune-candidates.ts'

const schema = z.strictObject(
  {
    /** Remove containers that do not run. */
    containers: z.boolean().default(false),
    /** `label`, `label!`, `until`. */
    containers_filters: filters.optional(),
    /** Remove images that no container uses: without a name, or all with `images_filters: { dangling: false }`. */
    images: z.boolean().default(false),
    /** `dangling`, `label`, `label!`, `until`. */
    images_filters: filters.optional(),
    /** Remove networks that no container uses. */
    networks: z.boolean().default(false),
    /** `label`, `label!`, `until`. */
    networks_filters: filters.optional(),
    /** Remove volumes that no container uses: those without a name, or all with `volumes_filters: { all: true }`. */
    volumes: z.boolean().default(false),
    /** `all`, `label`, `label!`. */
    volumes_filters: filters.optional(),
    /** Remove build cache that is not in use. */
    builder_cache: z.boolean().default(false),
    /** Also internal images and cache that others share. */
    builder_cache_all: z.boolean().default(false),
  },
  {
    error: refusing({
      ...CONNECTION_PARAMS,
      builder_cache_filters: 'run docker builder prune in a command',
      builder_cache_keep_storage: 'run docker builder prune in a command',
    }),
  },
)

type Params = z.output<typeof schema>

const KINDS = ['containers', 'images', 'networks', 'volumes', 'builder_cache'] as const
const SUBJECTS: Readonly<Record<PruneKind, string>> = {
  containers: 'container',
  images: 'image',
  networks: 'network',
  volumes: 'volume',
  builder_cache: 'build cache record',
}

/** What Ansible returns: IDs of what was removed (objects for images, as the engine prints them), and bytes. */
export type DockerPrune = Readonly<Record<string, readonly unknown[] | number>>

const chosen = (params: Params): PruneKind[] => KINDS.filter((kind) => params[kind])

const filtersOf = (params: Params, kind: PruneKind): Record<string, string[]> =>
  kind === 'builder_cache' ? {} : filterValues(params[`${kind}_filters`])

/** Prints the networks that containers or services use: only the details of each say so. */
const ATTACHED = [
  'lb_ids=$(docker network ls -q --no-trunc 2>/dev/null)',
  `[ -z "$lb_ids" ] || docker network inspect -f '{{.Id}} {{len .Containers}}' $lb_ids 2>/dev/null | sed 's/^/attached /'`,
  'lb_ids=$(docker service ls -q 2>/dev/null)',
  '[ -z "$lb_ids" ] || docker service inspect -f \\',
  `  '{{range .Spec.TaskTemplate.Networks}}attached {{.Target}} 1{{println}}{{end}}' $lb_ids 2>/dev/null`,
  ':',
].join('\n')

/**
 * Removes what Docker does not use. Unlike in Ansible, check mode shows what would be removed, and filters that the
 * engine does not have are errors.
 */
export const docker_prune = defineModule<typeof schema, DockerPrune>({
  name: 'docker_prune',
  schema,
  title: (params) => chosen(params).join(', '),
  timeLimitSeconds: () => 1800,
  probe: () =>
    [
      requireEngine,
      get('/containers/json?all=1', '/images/json', '/networks', '/volumes', '/system/df', '/info'),
      ATTACHED,
    ].join('\n'),
  plan(params, observed): Plan<DockerPrune> {
    const [json = '', ...attached] = observed.stdout.split(/^attached /m)
    const responses = parseResponses(json)
    const problem = engineProblem(observed, responses)
    if (problem !== undefined) return { changes: [], problem }
    const answers = { bodies: responses.map(({ body }) => body), attached } satisfies Answers
    try {
      const changes = chosen(params).flatMap((kind) => pruneChange(params, kind, answers))
      return { changes, values: Object.assign({}, ...chosen(params).map((kind) => valuesOf(kind, {}))) as DockerPrune }
    } catch (error) {
      if (error instanceof UnknownFilter) return { changes: [], problem: error.message }
      throw error
    }
  },
  result(params, applied): Result<DockerPrune> {
    const answers = new Map(applied.map((observed) => answerOf(observed)))
    return {
      values: Object.assign(
        {},
        ...chosen(params).map((kind) => valuesOf(kind, answers.get(kind) ?? {})),
      ) as DockerPrune,
    }
  },
})

function pruneChange(params: Params, kind: PruneKind, answers: Answers): Change[] {
  const found = pruneCandidates(kind, filtersOf(params, kind), answers, {
    prunesContainers: params.containers ? filtersOf(params, 'containers') : undefined,
    allCache: params.builder_cache_all,
  })
  if (found.length === 0) return []
  const path =
    kind === 'builder_cache'
      ? `/build/prune${params.builder_cache_all ? '?all=true' : ''}`
      : filtered(`/${kind}/prune`, engineFilters(kind, filtersOf(params, kind), answers))
  return [
    {
      description: `prune ${plural(found.length, SUBJECTS[kind])}`,
      script: [post(path, ''), exitOnError, `printf '${kind} %s\\n' "$lb_answer"`].join('\n'),
      diff: { subject: kind, before: found.map((name) => `${name}\n`).join(''), after: '' },
    },
  ]
}

interface PruneAnswer {
  readonly ContainersDeleted?: string[] | null
  readonly ImagesDeleted?: unknown[] | null
  readonly NetworksDeleted?: string[] | null
  readonly VolumesDeleted?: string[] | null
  readonly CachesDeleted?: string[] | null
  readonly SpaceReclaimed?: number
}

function answerOf({ stdout }: Observed): [string, PruneAnswer] {
  const [, kind = '', json = '{}'] = /^(\w+) (\{.*\})$/m.exec(stdout) ?? []
  return [kind, JSON.parse(json) as PruneAnswer]
}

function valuesOf(kind: PruneKind, answer: PruneAnswer): DockerPrune {
  const { SpaceReclaimed = 0 } = answer
  const ids = <T>(list: readonly T[] | null | undefined): readonly T[] => list ?? []
  switch (kind) {
    case 'containers':
      return { containers: ids(answer.ContainersDeleted), containers_space_reclaimed: SpaceReclaimed }
    case 'images':
      return { images: ids(answer.ImagesDeleted), images_space_reclaimed: SpaceReclaimed }
    case 'networks':
      return { networks: ids(answer.NetworksDeleted) }
    case 'volumes':
      return { volumes: ids(answer.VolumesDeleted), volumes_space_reclaimed: SpaceReclaimed }
    case 'builder_cache':
      return {
        builder_cache_space_reclaimed: SpaceReclaimed,
        builder_cache_caches_deleted: ids(answer.CachesDeleted),
      }
  }
}
