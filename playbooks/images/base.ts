import { existsSync } from 'node:fs'
import path from 'node:path'
import { labOf } from '../../src/lab/lab.ts'
import { SHARED } from '../../src/lab/names.ts'
import { apt, command, docker_image, play, shell, slowdownOf, type PlayContext, type Task } from '../../src/labbook.ts'
import { connectionTarget } from '../../src/connection/index.ts'
import { upload } from '../../src/transfer/upload.ts'
import { sh } from '../../src/shell/quote.ts'
import { findSource, fromSource } from './source.ts'
import { debianBase, RECIPE, recipeChecksum, ROOT, type BaseName } from './table.ts'

/** Archives of base images, where nodes of the lab cannot see those of this machine. */
const ARCHIVES = '/var/lib/labbook/images'
/** The same on this machine: where nodes of namespaces see it. */
const SHARED_ARCHIVES = `${SHARED}/images`
/**
 * Two minutes at most on a machine with a processor of its own; one in software emulation beside other work took more
 * than fifteen.
 */
export const EMULATED_SECONDS = 3600

const archiveIn = (directory: string, base: BaseName): string => `${directory}/debian-${base}-${recipeChecksum()}.tar`

/** Root on a Debian or Ubuntu machine can build a base image on the machine that Labbook runs on. */
const canBuildHere = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

/**
 * The lab's nodes are on this machine: what one core does for the registry's host, the other core can do before that
 * host exists.
 */
const isOfLab = (on: Pick<PlayContext, 'groups' | 'hostvars'>): boolean => labProvider(on) !== undefined

function labProvider(on: Pick<PlayContext, 'groups' | 'hostvars'>) {
  const lab = labOf(on)
  return lab?.nodes.some(({ name }) => name === on.groups.registry?.[0]) === true ? lab.provider : undefined
}

const HERE = { delegate_to: 'localhost', become: false } as const

/**
 * Starts to build the base image of the first images on this machine, while the lab's nodes boot and Docker is
 * installed on them.
 */
export const startBaseImage = play(
  'Start to build the base image',
  { hosts: 'localhost', tags: ['images', 'registry'] },
  (on) => {
    if (!isOfLab(on) || !canBuildHere()) return []
    const archive = archiveIn(SHARED_ARCHIVES, 'core')
    return [
      findSource(on),
      fromSource(on, (source, keywords) =>
        source === 'hub'
          ? []
          : [
              ...tools(keywords),
              // The task that needs it waits for it. A job that nobody waits for ends by itself.
              shell('Start to build the base image', {
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
 * Tasks that import a base image of Debian packages on the registry's host. It is built there, or on this machine where
 * that is the same machine, or one that is quicker by far: a host of software emulation takes half an hour for it.
 *
 * @param recipe - the recipe, as it lies on the registry's host.
 */
export function baseImage(on: PlayContext, base: BaseName, recipe: string, keywords: object): Task[] {
  const build = (script: string, archive: string, where: object): Task[] => [
    ...tools(where),
    command(`Build the base image "${base}"`, {
      argv: ['sh', script, base, archive],
      creates: archive,
      timeout: EMULATED_SECONDS,
      ...where,
    }),
  ]
  const alike = { x64: 'x86_64', arm64: 'aarch64' }[String(process.arch)] === on.facts.architecture
  const isHere = canBuildHere() && alike && (isOfLab(on) || slowdownOf(on, [on.host]) > 1)
  const here = { ...HERE, ...keywords }
  const isShared = isHere && labProvider(on) === 'namespaces'
  const archive = archiveIn(isShared ? SHARED_ARCHIVES : ARCHIVES, base)
  const shared = archiveIn(SHARED_ARCHIVES, base)
  return [
    ...(isHere ? build(path.join(ROOT, RECIPE), shared, here) : build(recipe, archive, keywords)),
    ...(isHere && !isShared
      ? [
          upload(`Copy the base image "${base}" to ${on.host}`, {
            target: connectionTarget(on.host, on.vars),
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
