import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  copy,
  docker_stack,
  experiment,
  file,
  play,
  PlaybookError,
  secret,
  shell,
  template,
  type DockerImage,
  type Disturbs,
  type PlayContext,
  type Reference,
  type Task,
} from '../../../src/labbook.ts'
import { images } from '../../images/images.ts'
import { IMAGE_NAMES, type ImageName } from '../../images/table.ts'
import { registryAddress, registryHost } from '../../registry/address.ts'
import { lineOf } from './compose.ts'
import type { NamedFile } from './references.ts'
import { inspectStackFile, nameOf, readStackFile, requestFrom, type StackFile, type StackRequest } from './request.ts'
import { COMPOSE_VERSION, pieces, variablesOf, withVersion } from './variables.ts'

const FOLDER = '/opt/labbook/stacks'

/** `redis` is `IMAGE_REDIS` in a compose file. */
const imageVariables = new Map(IMAGE_NAMES.map((name) => [`IMAGE_${name.toUpperCase().replaceAll('-', '_')}`, name]))
const offered: ReadonlySet<string> = new Set(['REGISTRY', ...imageVariables.keys()])

/** The compose file is read first of all: with a mistake in it nothing is touched. */
export const stackFile = play('Compose file', { hosts: 'localhost', tags: 'stack' }, ({ vars }) => {
  const request = requestFrom(vars)
  if (request.state === 'present') readStackFile(request, vars, offered)
  return []
})

/** The project's images that the compose file asks for. */
export function imagesIn({ vars }: Pick<PlayContext, 'vars'>): ImageName[] {
  const request = requestFrom(vars)
  if (request.state !== 'present') return []
  const { text } = readStackFile(request, vars, offered)
  return variablesOf(text).flatMap(({ name }) =>
    vars[name] === undefined && imageVariables.has(name) ? [imageVariables.get(name) as ImageName] : [],
  )
}

/**
 * What is wrong with the file, a line for each, and what Swarm will make of the rest. The next step stops the run if it
 * has to.
 */
export const stackRemarks = experiment(
  'What a Swarm makes of the compose file',
  { hosts: 'localhost', tags: 'stack', disturbs: false, proves: {} },
  async (on) => {
    const vars = on.hostvars('localhost')
    const request = attempted(() => requestFrom(vars))
    if (request?.state !== 'present') return
    const seen = attempted(() => inspectStackFile(request, vars, offered))
    if (seen === undefined) return
    const { stack, problems } = seen
    // One alone is told by the step that stops the run.
    for (const problem of problems.length > 1 ? problems : []) on.notice(problem, 'warning')
    for (const warning of stack.compose.warnings) on.notice(lineOf(warning), 'warning')
  },
)

/** Undefined for what the next step will stop at. */
function attempted<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof PlaybookError) return undefined
    throw error
  }
}

/** With `-e state=absent`. What else is wrong with the request, the first step says. */
const removesStack: Disturbs = ({ hosts, hostvars }) =>
  hosts
    .filter((host) => hostvars(host).state === 'absent')
    .map((host) => ({
      host,
      what: `the stack ${String(hostvars(host).name ?? 'of the compose file')} is removed; its volumes stay`,
    }))

/** Brings the files to the first manager and deploys them, or takes the stack away. */
export const stackDeployed = play(
  'Stack',
  { hosts: 'swarm_managers[0]', become: true, tags: 'stack', disturbs: removesStack },
  (on) => {
    const request = requestFrom(on.vars)
    const folder = `${FOLDER}/${request.name}`
    if (request.state === 'absent') {
      return [
        docker_stack(`Remove stack ${request.name}`, { name: request.name, state: 'absent', timeout: 300 }),
        file('Files of the stack', { path: folder, state: 'absent' }),
      ]
    }
    const stack = readStackFile(request, on.vars, offered)
    const compose = `${folder}/compose.yaml`
    const resolve = on.vars.stack_resolve_image
    return [
      file('Folder of the stack', { path: folder, state: 'directory', mode: '0755' }),
      folders(stack).map((name) =>
        file(`Folder ${name}`, { path: `${folder}/${name}`, state: 'directory', mode: '0755' }),
      ),
      stack.compose.files.map((named) => copied(stack, named, folder)),
      template('Compose file', {
        src: 'stack/compose.yaml',
        dest: compose,
        mode: '0644',
        vars: { pieces: filledIn(on, stack) },
      }),
      shell('What Docker says of it', {
        // Older ones have no such command; they say it when they deploy.
        cmd: `docker stack --help | grep -q '^ *config ' || exit 0; docker stack config -c ${compose} >/dev/null`,
        read_only: true,
      }),
      docker_stack(`Deploy stack ${request.name}`, {
        name: request.name,
        compose: [compose, besides(request, stack, folder)],
        prune: true,
        with_registry_auth: true,
        ...(resolve === 'always' || resolve === 'changed' || resolve === 'never' ? { resolve_image: resolve } : {}),
        timeout: 600,
      }),
    ]
  },
)

/** The text with its variables filled in; those of images are known when the registry has them. */
function filledIn(on: PlayContext, { text }: StackFile): (string | Reference<string>)[] {
  const mine = new Set(
    variablesOf(text)
      .map(({ name }) => name)
      .filter((name) => offered.has(name) || on.vars[name] !== undefined),
  )
  return pieces(withVersion(text), mine).map((piece) => {
    if (typeof piece === 'string') return piece
    const { variable } = piece
    // What the user says goes before what we offer. Docker must not look for variables in it.
    if (on.vars[variable] !== undefined) return String(on.vars[variable]).replaceAll('$', '$$$$')
    if (variable === 'REGISTRY') return registryAddress(on)
    const image = imageVariables.get(variable) as keyof typeof images
    return (images[image].on(registryHost(on)) as Reference<DockerImage>).map(({ image }) => image)
  })
}

const folders = ({ compose }: StackFile): string[] =>
  [...new Set(compose.files.flatMap(({ file }) => parents(path.posix.normalize(file))))].sort()

const parents = (name: string): string[] => {
  const parent = path.posix.dirname(name)
  return parent === '.' ? [] : [...parents(parent), parent]
}

function copied({ folder }: StackFile, { kind, file: name }: NamedFile, target: string): Task {
  const dest = `${target}/${path.posix.normalize(name)}`
  if (kind === 'configs') return copy(`Copy ${name}`, { src: path.join(folder, name), dest, mode: '0644' })
  // Files of environment variables hold passwords as often as not.
  return copy(`Copy ${name}`, { content: secret(readFileSync(path.join(folder, name), 'utf8')), dest, mode: '0600' })
}

/**
 * What Docker is told beside the file: names for configs and secrets, and sums, so that a change of any file is one.
 */
function besides({ name }: StackRequest, { compose, folder }: StackFile, target: string): Record<string, unknown> {
  const content = ({ file }: NamedFile): Buffer => readFileSync(path.join(folder, file))
  const of = (kind: NamedFile['kind']): NamedFile[] => compose.files.filter((named) => named.kind === kind)
  const named = (kind: 'configs' | 'secrets'): Record<string, unknown> =>
    Object.fromEntries(
      of(kind).map((it) => [
        it.key,
        { name: nameOf(name, it, content(it)), file: `${target}/${path.posix.normalize(it.file)}` },
      ]),
    )
  return {
    version: COMPOSE_VERSION,
    configs: named('configs'),
    secrets: named('secrets'),
    'x-env-files': Object.fromEntries(
      of('env_file').map((it) => [it.file, createHash('sha256').update(content(it)).digest('hex')]),
    ),
  }
}
