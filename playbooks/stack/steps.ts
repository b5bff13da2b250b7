import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  copy,
  type Disturbs,
  docker_stack,
  experiment,
  file,
  HOST_DIRECTORIES,
  play,
  type Play,
  PlaybookError,
  type PlayContext,
  quote,
  type Reference,
  SecretBytes,
  shell,
  type Task,
  template,
} from 'labbook'
import { images } from '../app/images/images.ts'
import { IMAGE_NAMES, type ImageName } from '../app/images/table.ts'
import { registryAddress, registryHost } from '../registry/address.ts'
import { formatProblem } from './compose.ts'
import type { NamedFile } from './references.ts'
import {
  inspectStackFile,
  versionedName,
  readStackFile,
  readRequest,
  type StackFile,
  type StackRequest,
} from './request.ts'
import { OLDEST_VERSION } from './interpolation.ts'
import { piecesOf } from './variables.ts'
import { stackVars } from './vars.ts'
import { templateFile } from '../template-file.ts'

const DIRECTORY = `${HOST_DIRECTORIES.files}/stacks`

/** Variables of the project's images: `IMAGE_REDIS` for `redis`. */
const imageVariables = new Map(IMAGE_NAMES.map((name) => [`IMAGE_${name.toUpperCase().replaceAll('-', '_')}`, name]))
/** The variables that Labbook sets. */
export const provided: ReadonlySet<string> = new Set(['REGISTRY', ...imageVariables.keys()])

/** Validates the compose file first, so that an invalid one changes nothing. */
export const validateComposeFile = play('Validate compose file', { hosts: 'localhost', tags: 'stack' }, ({ vars }) => {
  const request = readRequest(vars)
  if (request.state === 'present') readStackFile(request, vars, provided)
  return []
})

/** The project's images that the compose file uses. */
export function projectImagesIn({ vars }: Pick<PlayContext, 'vars'>): ImageName[] {
  const request = readRequest(vars)
  if (request.state !== 'present') return []
  const { variables } = readStackFile(request, vars, provided)
  return [...variables.usedProvided].flatMap((name) => imageVariables.get(name) ?? [])
}

/** Logs the problems and warnings of the compose file. The next step fails the run if there are problems. */
export const logComposeWarnings = experiment(
  'Check the compose file',
  { hosts: 'localhost', tags: 'stack', disturbs: false, assertions: {} },
  (on) => {
    const vars = on.hostvars('localhost')
    const request = ignoringErrors(() => readRequest(vars))
    if (request?.state !== 'present') return
    const inspection = ignoringErrors(() => inspectStackFile(request, vars, provided))
    if (inspection === undefined) return
    const { stack, problems } = inspection
    // A single problem is reported by the step that fails the run.
    for (const problem of problems.length > 1 ? problems : []) on.log(problem, 'warning')
    for (const warning of stack.compose.warnings) on.log(formatProblem(warning), 'warning')
  },
)

/** Returns undefined on errors that the next step reports. */
function ignoringErrors<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof PlaybookError) return undefined
    throw error
  }
}

/** With `-e state=absent`. Other errors of the request are reported by the first step. */
const removesStack: Disturbs = ({ hosts, hostvars }) =>
  hosts
    .filter((host) => stackVars.read(hostvars(host), host).state === 'absent')
    .map((host) => ({
      host,
      what: `the stack ${stackVars.read(hostvars(host), host).name ?? 'of the compose file'} is removed; its volumes are kept`,
    }))

/** Copies the files to the first manager and deploys the stack, or removes it. */
export const deployStack = play(
  'Deploy stack',
  { hosts: 'swarm_managers[0]', become: true, tags: 'stack', disturbs: removesStack },
  (on) => {
    const request = readRequest(on.vars)
    const directory = `${DIRECTORY}/${request.name}`
    if (request.state === 'absent') {
      return [
        docker_stack(`Remove stack ${request.name}`, {
          name: request.name,
          state: 'absent',
          // The name of a directory may also be that of another project's.
          ...(request.isNamedByDirectory ? { owner: request.file } : {}),
          timeout: 300,
        }),
        file('Remove stack files', { path: directory, state: 'absent' }),
      ]
    }
    return deploymentOf(on, request, readStackFile(request, on.vars, provided))
  },
)

/**
 * Deploys the stack with another text of its compose file.
 *
 * @param text - `original` for the file as it is; undefined to leave the stack alone.
 */
export const deployText = (name: string, text: () => string | undefined): Play =>
  play(name, { hosts: 'swarm_managers[0]', become: true, tags: 'prove' }, (on) => {
    const other = text()
    if (other === undefined) return []
    const request = readRequest(on.vars)
    const stack = readStackFile(request, on.vars, provided, other === 'original' ? undefined : other)
    return deploymentOf(on, request, stack)
  })

function deploymentOf(on: PlayContext, request: StackRequest, stack: StackFile): ReturnType<Play['tasks']> {
  const directory = `${DIRECTORY}/${request.name}`
  const compose = `${directory}/compose.yaml`
  const { stack_resolve_image: resolve, prune } = stackVars.read(on.vars)
  return [
    file('Create stack directory', { path: directory, state: 'directory', mode: '0755' }),
    directories(stack).map((name) =>
      file(`Create directory ${name}`, { path: `${directory}/${name}`, state: 'directory', mode: '0755' }),
    ),
    stack.compose.files.map((named) => copyTask(stack, named, directory)),
    template('Write compose file', {
      src: templateFile('stack/compose.yaml'),
      dest: compose,
      // Variables may be passwords.
      mode: stack.variables.used.size > 0 ? '0600' : '0644',
      vars: { pieces: withImages(on, stack) },
    }),
    shell('Validate compose file with Docker', {
      // Older versions lack `docker stack config`; they validate in the deployment.
      cmd: `docker stack --help | grep -q '^ *config ' || ${withoutStackConfig(stack)}; docker stack config -c ${quote(compose)} >/dev/null`,
      read_only: true,
    }),
    docker_stack(`Deploy stack ${request.name}`, {
      name: request.name,
      compose: [compose, overrides(request, stack, directory)],
      prune: prune ?? 'owned',
      owner: request.file,
      services: stack.compose.services.map(({ name }) => name),
      with_registry_auth: true,
      ...(resolve === undefined ? {} : { resolve_image: resolve }),
      timeout: 600,
    }),
  ]
}

const withoutStackConfig = ({ compose: { version } }: StackFile): string =>
  version === OLDEST_VERSION
    ? 'exit 0'
    : `{ echo 'Docker on this host is too old for this compose file (format version ${version}): update it' >&2; exit 1; }`

/** The text for Docker; image references are known after the push to the registry. */
const withImages = (on: PlayContext, { compose }: StackFile): (string | Reference<string>)[] =>
  piecesOf(compose.text).map((piece) => {
    if (typeof piece === 'string') return piece
    if (piece.variable === 'REGISTRY') return registryAddress(on)
    const image = imageVariables.get(piece.variable) as keyof typeof images
    return images[image].on(registryHost(on)).map(({ image }) => image)
  })

const directories = ({ compose }: StackFile): string[] =>
  [...new Set(compose.files.flatMap(({ file }) => parents(path.posix.normalize(file))))].sort()

const parents = (name: string): string[] => {
  const parent = path.posix.dirname(name)
  return parent === '.' ? [] : [...parents(parent), parent]
}

function copyTask({ directory: folder }: StackFile, { kind, file: name }: NamedFile, target: string): Task {
  const dest = `${target}/${path.posix.normalize(name)}`
  if (kind === 'configs') return copy(`Copy ${name}`, { src: path.join(folder, name), dest, mode: '0644' })
  // Environment files often contain passwords.
  return copy(`Copy ${name}`, { content: new SecretBytes(readFileSync(path.join(folder, name))), dest, mode: '0600' })
}

/** Override file: names of configs and secrets, and hashes of env files, so that any changed file is a change. */
function overrides(
  { name }: StackRequest,
  { compose, directory: folder }: StackFile,
  target: string,
): Record<string, unknown> {
  const content = ({ file }: NamedFile): Buffer => readFileSync(path.join(folder, file))
  const of = (kind: NamedFile['kind']): NamedFile[] => compose.files.filter((named) => named.kind === kind)
  const named = (kind: 'configs' | 'secrets'): Record<string, unknown> =>
    Object.fromEntries(
      of(kind).map((it) => [
        it.key,
        {
          name: versionedName(name, it, content(it)),
          // Docker interpolates variables in this file, too.
          file: `${target}/${path.posix.normalize(it.file)}`.replaceAll('$', '$$$$'),
        },
      ]),
    )
  return {
    version: compose.version,
    configs: named('configs'),
    secrets: named('secrets'),
    'x-env-files': Object.fromEntries(
      of('env_file').map((it) => [it.file, createHash('sha256').update(content(it)).digest('hex')]),
    ),
  }
}
