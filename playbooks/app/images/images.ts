import path from 'node:path'
import {
  copy,
  docker_image,
  dockerResources,
  type DockerImage,
  file,
  HOST_DIRECTORIES,
  type Play,
  play,
  type PlayContext,
  register,
  type Register,
  type Task,
} from 'labbook'
import { registryAddress, registryApi, registryHost } from '../../registry/address.ts'
import { registryVars } from '../../registry/vars.ts'
import { baseImage, BUILD_TIMEOUT_SECONDS } from './base.ts'
import { detectSource, tasksForSource } from './source.ts'
import {
  contextFiles,
  CORE_IMAGES,
  IMAGE_NAMES,
  recipeOf,
  RECIPE,
  ROOT,
  tagOf,
  type BaseName,
  type ImageName,
  type PackageSource,
} from './table.ts'

/** Each image in the registry, by digest. */
export const images = Object.fromEntries(
  IMAGE_NAMES.map((name) => [name, register<DockerImage>(`image_${name}`)]),
) as Readonly<Record<ImageName, Register<DockerImage>>>

/** The registry's own image, local to the registry host: the registry does not run yet. */
export const registryImage = register<DockerImage>('image_registry_local')

/** One build context per base image, so that a file change in one does not rebuild the images of the other. */
const contextOf = (base: BaseName): string => `${HOST_DIRECTORIES.files}/app/${base}`
const onTarget = (base: BaseName, name: string): string =>
  path.posix.join(contextOf(base), path.posix.relative('app', name))

/**
 * Copies the build context of some images to the registry host, and imports their base image unless they come from
 * Docker Hub.
 */
function prepareBuilds(on: PlayContext, base: BaseName, names: readonly ImageName[]): Task[] {
  const files = contextFiles(names)
  const directories = [...new Set(files.map((name) => path.posix.dirname(onTarget(base, name))))].sort()
  return [
    ...[detectSource(on)].filter((task) => task !== false),
    ...directories.map((directory) =>
      file(`Create ${directory}`, { path: directory, state: 'directory', mode: '0755' }),
    ),
    ...files.map((name) =>
      copy(`Copy ${name}`, {
        src: path.join(ROOT, name),
        dest: onTarget(base, name),
        mode: name.endsWith('.sh') ? '0755' : '0644',
      }),
    ),
    ...tasksForSource(on, (source, keywords) =>
      source === 'hub' ? [] : baseImage(on, base, onTarget(base, RECIPE), keywords),
    ),
  ]
}

/** What a push depends on beside Docker: the registry's API, its images, and this host's access to it. */
const pushReads = (on: PlayContext): string[] => [
  registryApi(on),
  dockerResources.login(registryAddress(on)),
  `/etc/docker/certs.d/${registryAddress(on)}/`,
  `${registryVars.read(on.hostvars(registryHost(on))).registry_storage}/`,
]

/** Builds each image and pushes it to the registry. Hosts pull from there only. */
const buildAndPush = (on: PlayContext, base: BaseName, names: readonly ImageName[]): Task[] =>
  names.flatMap((name) =>
    tasksForSource(on, (source, keywords) => [
      imageTask(
        `Build and push ${name}`,
        base,
        name,
        source,
        `${registryAddress(on)}/labbook/${name}:${tagOf(name, source)}`,
        {
          push: true,
          reads: pushReads(on),
          register: images[name],
          timeout: BUILD_TIMEOUT_SECONDS,
          ...keywords,
        },
      ),
    ]),
  )

function imageTask(
  title: string,
  base: BaseName,
  name: ImageName,
  source: PackageSource,
  repository: string,
  keywords: object,
): Task {
  const { base: from, dockerfile } = recipeOf(name, source)
  if (dockerfile === undefined) return docker_image(title, { name: from, source: 'pull', repository, ...keywords })
  return docker_image(title, {
    name: repository,
    source: 'build',
    build: { path: contextOf(base), dockerfile, args: { BASE: from } },
    // The tag identifies all that it is built from.
    rebuild: 'never',
    ...keywords,
  })
}

/** Prepares the builds of the core images on the registry host, and builds the registry's own image there. */
export const imageBase = play(
  'Prepare image builds',
  { hosts: 'registry[0]', become: true, gather_facts: true, tags: ['images', 'registry'] },
  (on) => [
    prepareBuilds(on, 'core', CORE_IMAGES),
    tasksForSource(on, (source, keywords) => [
      imageTask('Build registry image', 'core', 'registry', source, `labbook/registry:${tagOf('registry', source)}`, {
        register: registryImage,
        ...keywords,
      }),
    ]),
  ],
)

/** The images of the registry and the Counter app. */
export const pushImages = play('Build and push images', { hosts: 'registry[0]', become: true, tags: 'images' }, (on) =>
  buildAndPush(on, 'core', CORE_IMAGES),
)

/**
 * Builds and pushes images that only some playbooks need.
 *
 * @param requested - the images; core images are skipped, as they are always built.
 */
export const extraImages = (requested: (on: PlayContext) => readonly ImageName[]): Play =>
  play(
    'Build and push extra images',
    {
      hosts: 'registry[0]',
      become: true,
      gather_facts: true,
      tags: 'images',
    },
    (on) => {
      const names = IMAGE_NAMES.filter((name) => requested(on).includes(name) && !CORE_IMAGES.includes(name))
      return names.length === 0 ? [] : [prepareBuilds(on, 'extra', names), buildAndPush(on, 'extra', names)]
    },
  )
