import { existsSync } from 'node:fs'
import path from 'node:path'
import { SHARED_DIRECTORY } from 'labbook/lab'
import { projectLab } from '../../lab/lab.ts'
import {
  apt,
  command,
  connectionSettings,
  docker_image,
  play,
  HOST_DIRECTORIES,
  type PlayContext,
  sh,
  shell,
  type Task,
  timeoutMultiplierOf,
} from 'labbook'
import { upload } from 'labbook/transfer'
import { detectSource, tasksForSource } from './source.ts'
import { debianBase, RECIPE, recipeChecksum, ROOT, type BaseName } from './table.ts'

/** Archives of base images on hosts that do not share files with this machine. */
const ARCHIVES = `${HOST_DIRECTORIES.state}/images`
/** Archives on this machine, shared with lab nodes in namespaces. */
const SHARED_ARCHIVES = `${SHARED_DIRECTORY}/images`
/**
 * A build takes two minutes at most on real hardware, but has taken more than fifteen under software emulation.
 */
export const BUILD_TIMEOUT_SECONDS = 3600

const archiveIn = (directory: string, base: BaseName): string => `${directory}/debian-${base}-${recipeChecksum()}.tar`

/** Root on Debian or Ubuntu can build a base image on the controller. */
const canBuildHere = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

/**
 * Lab nodes run on this machine, so it can build the image for the registry host before that host exists.
 */
const isLabNode = (on: Pick<PlayContext, 'groups' | 'hostvars'>): boolean => labProvider(on) !== undefined

function labProvider(on: Pick<PlayContext, 'groups' | 'hostvars'>) {
  const lab = projectLab(on)
  return lab?.nodes.some(({ name }) => name === on.groups.registry?.[0]) === true ? lab.provider : undefined
}

const HERE = { delegate_to: 'localhost', become: false } as const

/**
 * Builds the base image of the core images on this machine while the lab nodes boot and install Docker.
 */
export const startBaseImage = play(
  'Build base image in background',
  { hosts: 'localhost', tags: ['images', 'registry'] },
  (on) => {
    if (!isLabNode(on) || !canBuildHere()) return []
    const archive = archiveIn(SHARED_ARCHIVES, 'core')
    return [
      detectSource(on),
      tasksForSource(on, (source, keywords) =>
        source === 'hub'
          ? []
          : [
              ...tools(keywords),
              // The task that needs the image waits for it. The timeout ends an abandoned build.
              shell('Start build of base image', {
                cmd: sh`setsid timeout 1200 sh ${path.join(ROOT, RECIPE)} core ${archive} >/dev/null 2>&1 </dev/null &`,
                creates: archive,
                ...keywords,
              }),
            ],
      ),
    ]
  },
)

const tools = (keywords: object): Task[] => [
  apt('Install mmdebstrap', {
    name: ['mmdebstrap'],
    update_cache: true,
    cache_valid_time: 3600,
    install_recommends: false,
    ...keywords,
  }),
]

/**
 * Tasks that import a base image of Debian packages on the registry host. It is built there, or on this machine if the
 * host is a lab node or slow: software emulation takes half an hour for it.
 *
 * @param recipe - path of the recipe on the registry host.
 */
export function baseImage(on: PlayContext, base: BaseName, recipe: string, keywords: object): Task[] {
  const build = (script: string, archive: string, where: object): Task[] => [
    ...tools(where),
    command(`Build the base image "${base}"`, {
      argv: ['sh', script, base, archive],
      creates: archive,
      timeout: BUILD_TIMEOUT_SECONDS,
      ...where,
    }),
  ]
  const sameArchitecture = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] === on.facts.architecture
  const isHere = canBuildHere() && sameArchitecture && (isLabNode(on) || timeoutMultiplierOf(on, [on.host]) > 1)
  const here = { ...HERE, ...keywords }
  const isShared = isHere && labProvider(on) === 'namespaces'
  const archive = archiveIn(isShared ? SHARED_ARCHIVES : ARCHIVES, base)
  const shared = archiveIn(SHARED_ARCHIVES, base)
  return [
    ...(isHere ? build(path.join(ROOT, RECIPE), shared, here) : build(recipe, archive, keywords)),
    ...(isHere && !isShared
      ? [
          upload(`Copy the base image "${base}" to ${on.host}`, {
            target: connectionSettings(on.host, on.vars),
            src: shared,
            dest: archive,
            force: false,
            ...here,
          }),
        ]
      : []),
    docker_image(`Import the base image "${base}"`, {
      name: debianBase(base),
      source: 'import',
      archive_path: archive,
      checksum_of: recipe,
      ...keywords,
    }),
  ]
}
