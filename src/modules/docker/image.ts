import { posix } from 'node:path'
import * as z from 'zod'
import { raw, sh } from '../../shell/quote.ts'
import { ANYTHING, type Change, type Plan } from '../module.ts'
import { defineModule } from '../task.ts'
import { contentOf, treeAt } from '../support/effects.ts'
import { ENGINE, imageNamed, setImage, ANY_IMAGE } from './effects.ts'
import { parseResponses, engineProblem, get, requireEngine, type EngineResponse } from './engine.ts'
import { SOURCE_LABEL, sourceChecksum } from './image-source.ts'
import { parseReference, type ImageReference } from './reference.ts'
import { queryRegistry } from './registry.ts'

const schema = z
  .strictObject({
    /** `nginx`, `nginx:1.27`, `registry:5000/app:2`, `nginx@sha256:...`. */
    name: z.string().min(1),
    /** Tag, if the name has none. */
    tag: z.string().default('latest'),
    state: z.enum(['present', 'absent']).default('present'),
    /** Source of the image; `local`: it already exists on the host, to be tagged or pushed. */
    source: z.enum(['pull', 'build', 'load', 'import', 'local']).default('pull'),
    /** With `build`: rebuilt if a file, a setting or a base image changed. Paths are on the host. */
    build: z
      .strictObject({
        path: z.string().min(1),
        /** Relative to `path`. */
        dockerfile: z.string().default('Dockerfile'),
        args: z.record(z.string(), z.string()).default({}),
        labels: z.record(z.string(), z.string()).default({}),
        target: z.string().optional(),
        network: z.string().optional(),
        nocache: z.boolean().default(false),
      })
      .optional(),
    /**
     * With `build`: `never`: an image with this name is not built again, as in Ansible; for names that identify what
     * they are built from.
     */
    rebuild: z.enum(['changed', 'never']).default('changed'),
    /** With `load`: a `docker save` archive. With `import`: a root file system as a tar archive. Path on the host. */
    archive_path: z.string().optional(),
    /** With `import`: Dockerfile instructions to apply, such as `CMD ["sh"]`. */
    changes: z.array(z.string()).default([]),
    /** With `import`: a file whose checksum stands for the archive's, if that is large or not reproducible. */
    checksum_of: z.string().optional(),
    /** Name to tag the image with and to push. */
    repository: z.string().optional(),
    push: z.boolean().default(false),
    /** With `absent`: remove the image even if stopped containers use it. */
    force_absent: z.boolean().default(false),
  })
  .refine((params) => params.source !== 'build' || params.build !== undefined, 'source: build requires build')
  .refine(
    (params) => !['load', 'import'].includes(params.source) || params.archive_path !== undefined,
    'source: load and source: import require archive_path',
  )
  .refine(
    (params) => !params.push || target(params).registry !== undefined,
    'push requires a registry in name or repository: host:5000/name',
  )

export type ImageParams = z.output<typeof schema>

export interface DockerImage {
  /** Image reference: by digest (`name@sha256:...`) if it was pushed or pulled, else by tag. */
  readonly image: string
  /** Id (`sha256:...`) of the image on this host. */
  readonly id: string
}

/** Pulls, builds, loads or imports an image, and pushes it. */
export const docker_image = defineModule<typeof schema, DockerImage>({
  name: 'docker_image',
  schema,
  reads(params) {
    const { archive_path, checksum_of } = params
    // Whether a build that is never repeated depends on its context, only the probe knows.
    const build = params.rebuild === 'never' ? undefined : params.build
    const paths =
      params.state === 'absent' ? [] : [build?.path, archive_path, checksum_of].filter((path) => path !== undefined)
    // The base of a relative path is unknown.
    if (paths.some((path) => !path.startsWith('/'))) return undefined
    return [
      // An earlier task may start the registry.
      ...(params.push && params.state === 'present' ? [ANYTHING] : []),
      ...ENGINE,
      ...imageNamed(source(params).full),
      ...imageNamed(target(params).full),
      ...(build === undefined ? [] : contextReads(build)),
      ...[archive_path, checksum_of]
        .filter((path) => path !== undefined)
        .map((path) => posix.normalize(path))
        .flatMap(contentOf),
    ]
  },
  sets: (params) => [
    ...setImage(source(params).full),
    ...setImage(target(params).full),
    ...(params.push ? [`docker-registry:${target(params).registry}`] : []),
  ],
  title: (params) => source(params).full,
  timeLimitSeconds: () => 1800,

  probe: (params) =>
    [
      requireEngine,
      'command -v docker >/dev/null || exit 94',
      get(`/images/${source(params).full}/json`, `/images/${target(params).full}/json`),
      ...(params.state === 'absent' ? [] : [sourceChecksum(params), ...(hasChecksum(params) ? ['lb_source'] : [])]),
      ...(params.push && params.state === 'present' ? [queryRegistry(target(params))] : []),
      'exit 0',
    ].join('\n'),

  plan(params, observed): Plan<DockerImage> {
    if (observed.exitCode === 94)
      return { changes: [], problem: 'docker command not found: install docker.io (or docker-cli)' }
    const answers = parseResponses(observed.stdout)
    const problem = engineProblem(observed, answers)
    if (problem !== undefined) return { changes: [], problem }
    const [current, tagged] = answers.map(imageOf)
    if (params.state === 'absent') return { changes: current === undefined ? [] : [removeChange(params)] }
    const plan = present(params, current, tagged, factsOf(observed.stdout))
    const { build } = params
    return current === undefined && build?.path.startsWith('/') === true
      ? { ...plan, reads: contextReads(build) }
      : plan
  },
})

const contextReads = ({ path }: { readonly path: string }): string[] => [...treeAt(posix.normalize(path)), ANY_IMAGE]

interface Image {
  readonly id: string
  readonly digests: readonly string[]
  readonly label: string | undefined
}

function imageOf({ status, body }: EngineResponse): Image | undefined {
  if (status !== 200) return undefined
  const { Id, RepoDigests, Config } = body as {
    Id: string
    RepoDigests: string[] | null
    Config: { Labels?: Record<string, string> | null } | null
  }
  return { id: Id, digests: RepoDigests ?? [], label: Config?.Labels?.[SOURCE_LABEL] }
}

interface Facts {
  readonly source: string | undefined
  readonly noSource: string | undefined
  /** Id of the image in the archive. */
  readonly archived: string | undefined
  readonly pushed: string | undefined
  readonly registryUnreachable: boolean
}

function factsOf(stdout: string): Facts {
  const read = (key: string): string | undefined => new RegExp(`^${key} (.+)$`, 'm').exec(stdout)?.[1]
  return {
    source: read('source'),
    noSource: read('no-source'),
    archived: /[0-9a-f]{64}/.exec(read('archive') ?? '')?.[0],
    pushed: read('pushed'),
    registryUnreachable: /^registry-silent$/m.test(stdout),
  }
}

function present(
  params: ImageParams,
  current: Image | undefined,
  tagged: Image | undefined,
  facts: Facts,
): Plan<DockerImage> {
  const missing = current === undefined
  // A deleted archive is no error if the image exists.
  if (facts.noSource !== undefined && (missing || (params.source === 'build' && params.rebuild === 'changed')))
    return { changes: [], problem: `${facts.noSource} does not exist` }
  if (missing && params.source === 'local')
    return { changes: [], problem: `image "${source(params).full}" does not exist on this host` }

  const to = target(params)
  const obtain = missing || isOutdated(params, current, facts) ? [obtainChange(params, current, facts)] : []
  const changes: Change[] = [...obtain]
  const tag = to.full !== source(params).full && (obtain.length > 0 || tagged?.id !== current?.id)
  if (tag) {
    changes.push({
      description: `tag ${source(params).full} as ${to.full}`,
      script: sh`docker tag ${source(params).full} ${to.full} || exit`,
    })
  }
  const digest = digestOf(to, tagged ?? (to.full === source(params).full ? current : undefined), facts)
  if (params.push && (changes.length > 0 || digest === undefined || facts.pushed !== digest)) {
    if (facts.registryUnreachable && changes.length === 0) {
      return {
        changes: [],
        problem: `registry ${to.registry} does not respond: cannot determine whether it has ${to.full}`,
      }
    }
    changes.push({ description: `push ${to.full}`, script: pushScript(to.full) })
  }
  if (current === undefined) return { changes }
  return { changes, values: { image: digest === undefined ? to.full : `${to.repository}@${digest}`, id: current.id } }
}

/** Digest of this image in a repository. An image can have several digests after another one was pushed. */
function digestOf(to: ImageReference, image: Image | undefined, facts: Facts): string | undefined {
  const digests = (image?.digests ?? [])
    .filter((it) => it.startsWith(`${to.repository}@`))
    .map((it) => it.slice(to.repository.length + 1))
  return digests.find((digest) => digest === facts.pushed) ?? digests[0]
}

function isOutdated(params: ImageParams, current: Image, facts: Facts): boolean {
  if (params.source === 'load') return facts.archived !== undefined && current.id !== `sha256:${facts.archived}`
  return hasChecksum(params) && facts.source !== undefined && current.label !== facts.source
}

function obtainChange(params: ImageParams, current: Image | undefined, facts: Facts): Change {
  const name = source(params).full
  const again = current === undefined ? '' : ' again'
  switch (params.source) {
    case 'local':
    case 'pull':
      return { description: `pull ${name}`, script: sh`docker pull -q ${name} || exit` }
    case 'load':
      return {
        description: `load ${name} from ${params.archive_path ?? ''}${again}`,
        script: sh`docker load -q -i ${params.archive_path ?? ''} || exit`,
      }
    case 'import':
      return {
        description: `import ${name} from ${params.archive_path ?? ''}${again}`,
        script: [
          sourceChecksum(params),
          'lb_sum=$(lb_source) || { echo "$lb_sum" >&2; exit 1; }',
          sh`docker import ${params.changes.flatMap((it) => ['--change', it])} --change ${raw(`"LABEL ${SOURCE_LABEL}=\${lb_sum#source }"`)} ${params.archive_path ?? ''} ${name} || exit`,
        ].join('\n'),
        ...sourceDiff(name, current, facts),
      }
    case 'build':
      return {
        description: `${current === undefined ? 'build' : 'rebuild'} ${name} from ${params.build?.path ?? ''}`,
        script: buildScript(params),
        ...sourceDiff(name, current, facts),
      }
  }
}

function buildScript(params: ImageParams): string {
  const { build } = params
  const flags = [
    ...Object.entries(build?.args ?? {}).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
    ...Object.entries(build?.labels ?? {}).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
    ...(build?.target === undefined ? [] : ['--target', build.target]),
    ...(build?.network === undefined ? [] : ['--network', build.network]),
    ...(build?.nocache === true ? ['--no-cache'] : []),
  ]
  return [
    sourceChecksum(params),
    // Base images first, so that the checksum covers the images actually used.
    'for lb_base in $(lb_bases); do docker image inspect "$lb_base" >/dev/null 2>&1 || docker pull -q "$lb_base" || exit; done',
    'lb_sum=$(lb_source) || { echo "$lb_sum" >&2; exit 1; }',
    sh`docker build -q -f "$lb_path/$lb_file" --label ${raw(`"${SOURCE_LABEL}=\${lb_sum#source }"`)} -t ${source(params).full} ${flags} "$lb_path" || exit`,
  ].join('\n')
}

/** docker push reports only the status code of a registry that cannot write. */
const pushScript = (name: string): string =>
  [
    sh`lb_said=$(docker push ${name} 2>&1); lb_code=$?; printf '%s\n' "$lb_said"`,
    '[ "$lb_code" = 0 ] || {',
    `lb_why=\${lb_said##*'\n'}`,
    `case $lb_why in *" 500 "*) lb_why="$lb_why: the registry cannot write; is its disk full? (df on its host, docker logs of its container)" ;; esac`,
    'printf "%s\\n" "$lb_why" >&2; exit "$lb_code"; }',
  ].join('\n')

const sourceDiff = (name: string, current: Image | undefined, facts: Facts) => ({
  diff: {
    subject: `image ${name}`,
    before: current === undefined ? '' : `source: ${current.label ?? 'unknown'}\n`,
    after: `source: ${facts.source ?? 'unknown'}\n`,
  },
})

const removeChange = (params: ImageParams): Change => ({
  description: `remove image ${source(params).full}`,
  script: sh`docker image rm ${params.force_absent ? ['-f'] : []} ${source(params).full} || exit`,
})

const hasChecksum = (params: ImageParams): boolean =>
  (params.source === 'build' && params.rebuild === 'changed') || params.source === 'import' || params.source === 'load'

interface Names {
  readonly name: string
  readonly tag: string
  readonly repository?: string | undefined
}

const source = (params: Names): ImageReference => parseReference(params.name, params.tag)

/** Reference to push: `repository` (with the tag of `name` if it has none), else `name`. */
const target = (params: Names): ImageReference =>
  params.repository === undefined ? source(params) : parseReference(params.repository, source(params).tag)
