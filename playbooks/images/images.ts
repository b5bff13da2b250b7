import { existsSync } from 'node:fs'
import path from 'node:path'
import { connectionTarget } from '../../src/connection/index.ts'
import { upload } from '../../src/transfer/upload.ts'
import {
  apt, command, copy, docker_image, file, play, PlaybookError, register, shell, slowdownOf,
  type CommandValues, type DockerImage, type PlayContext, type Register, type Task,
} from '../../src/labbook.ts'
import { registryAddress } from '../registry/address.ts'
import { contextFiles, DEBIAN_BASE, IMAGE_NAMES, recipeOf, ROOT, rootfsChecksum, tagOf, type ImageName, type Source } from './table.ts'

const TARGET = '/opt/labbook/app'
const ARCHIVES = '/var/lib/labbook/images'
const RECIPE = 'app/images/rootfs.sh'
/** Two minutes at most on a machine with a processor of its own; one in software emulation beside other work took more than fifteen. */
const EMULATED_SECONDS = 3600

/** Each image as the registry has it, by its digest. */
export const images = Object.fromEntries(IMAGE_NAMES.map((name) => [name, register<DockerImage>(`image_${name}`)])) as Readonly<Record<ImageName, Register<DockerImage>>>

/** The registry's own image on the registry's host: it cannot come from a registry that does not run yet. */
export const registryImage = register<DockerImage>('image_registry_local')

const chosenSource = register<CommandValues>('image_source')

type Choice = Source | 'auto'

function choiceOf({ vars }: PlayContext): Choice {
  const choice = String(vars.image_source ?? 'auto')
  if (choice === 'auto' || choice === 'hub' || choice === 'debian') return choice
  throw new PlaybookError(`image_source is "${choice}": it must be auto, hub or debian`)
}

/** `auto`: Docker Hub where the builder reaches it, else the distribution's packages. */
const findSource = (): Task => shell('Where do images come from?', {
  cmd: 'if curl -s -o /dev/null --connect-timeout 3 --max-time 6 https://registry-1.docker.io/v2/; then echo hub; else echo debian; fi',
  read_only: true,
  register: chosenSource,
})

/** The tasks for the source that is asked for; with `auto`, those of both, each where its source is the one. */
function fromSource(on: PlayContext, tasks: (source: Source, keywords: object) => Task[]): Task[] {
  const choice = choiceOf(on)
  if (choice !== 'auto') return tasks(choice, {})
  return (['hub', 'debian'] as const).flatMap((source) =>
    tasks(source, { when: ({ value }: { value: (of: Register<CommandValues>) => CommandValues }) => value(chosenSource).stdout === source }))
}

const folderOnTarget = (name: string): string => path.posix.join(TARGET, path.posix.relative('app', name))
const archive = (): string => `${ARCHIVES}/debian-apps-${rootfsChecksum()}.tar`

/**
 * Gets what images are made of onto the registry's host, and makes the registry's own image there. The root of Debian
 * packages needs nothing but the package mirror.
 */
export const imageBase = play('Images: what they are made of', { hosts: 'registry[0]', become: true, gather_facts: true, tags: ['images', 'registry'] }, (on) => {
  const files = contextFiles()
  const folders = [...new Set(files.map((name) => path.posix.dirname(folderOnTarget(name))))]
  return [
    choiceOf(on) === 'auto' && findSource(),
    [...folders, ARCHIVES].sort().map((folder) => file(`Folder ${folder}`, { path: folder, state: 'directory', mode: '0755' })),
    files.map((name) => copy(`Copy ${name}`, { src: name, dest: folderOnTarget(name), mode: name.endsWith('.sh') ? '0755' : '0644' })),
    fromSource(on, (source, keywords) => source === 'hub' ? [] : [
      ...rootOfPackages(on, keywords),
      docker_image('Import the root of Debian packages', { name: DEBIAN_BASE, source: 'import', archive_path: archive(), checksum_of: folderOnTarget(RECIPE), ...keywords }),
    ]),
    fromSource(on, (source, keywords) => [
      imageTask('Image of the registry', 'registry', source, `labbook/registry:${tagOf('registry', source)}`, { register: registryImage, ...keywords }),
    ]),
  ]
})

/**
 * The root of Debian packages, on the registry's host. A host of software emulation takes half an hour to make it, this machine as many seconds as that takes
 * minutes: then it is made here and brought there, where this user may make it.
 */
function rootOfPackages(on: PlayContext, keywords: object): Task[] {
  const made = (recipe: string, where: object): Task[] => [
    apt('Tools to make a root file system', { name: ['mmdebstrap'], update_cache: true, cache_valid_time: 3600, install_recommends: false, ...where }),
    command('Make the root of Debian packages', { argv: [recipe, archive()], creates: archive(), timeout: EMULATED_SECONDS, ...where }),
  ]
  const alike = { x64: 'x86_64', arm64: 'aarch64' }[String(process.arch)] === on.facts.architecture
  const canHere = alike && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (slowdownOf(on, [on.host]) === 1 || !canHere) return made(folderOnTarget(RECIPE), keywords)
  const here = { delegate_to: 'localhost', become: false, ...keywords } as const
  return [
    file(`Folder ${ARCHIVES} on this machine`, { path: ARCHIVES, state: 'directory', mode: '0755', ...here }),
    ...made(path.join(ROOT, RECIPE), here),
    upload('Bring the root of Debian packages', { target: connectionTarget(on.host, on.vars), src: archive(), dest: archive(), ...here }),
  ]
}

/** Makes each image and pushes it to the registry, once: from then on no machine depends on where it came from. */
export const pushImages = play('Images: made and pushed', { hosts: 'registry[0]', become: true, tags: 'images' }, (on) => [
  choiceOf(on) === 'auto' && findSource(),
  IMAGE_NAMES.map((name) => fromSource(on, (source, keywords) => [
    imageTask(`Image ${name}`, name, source, `${registryAddress(on)}/labbook/${name}:${tagOf(name, source)}`, {
      push: true, register: images[name], timeout: EMULATED_SECONDS, ...keywords,
    }),
  ])),
])

function imageTask(title: string, name: ImageName, source: Source, as: string, more: object): Task {
  const { base, dockerfile } = recipeOf(name, source)
  if (dockerfile === undefined) return docker_image(title, { name: base, source: 'pull', repository: as, ...more })
  return docker_image(title, { name: as, source: 'build', build: { path: TARGET, dockerfile, args: { BASE: base } }, ...more })
}
