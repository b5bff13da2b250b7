import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { apt, command, copy, docker_image, file, play, register, type DockerImage } from '../../src/labbook.ts'
import { registryAddress } from '../registry/registry.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TARGET = '/opt/labbook/app'

const IMAGES = ['counter', 'redis', 'gateway'] as const
type ImageName = (typeof IMAGES)[number]

/** The digest reference of each image, as the builder pushed it. */
export const images: Readonly<Record<ImageName, ReturnType<typeof register<DockerImage>>>> = {
  counter: register<DockerImage>('image_counter'),
  redis: register<DockerImage>('image_redis'),
  gateway: register<DockerImage>('image_gateway'),
}

/** Files of `app/` that images are made of, relative to the project. */
function contextFiles(): string[] {
  const walk = (folder: string): string[] => readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => name !== '__pycache__')
    .flatMap((entry) => (entry.isDirectory() ? walk(path.join(folder, entry.name)) : [path.join(folder, entry.name)]))
  return ['app/.dockerignore', 'app/gunicorn.conf.py', ...walk('app/counter'), ...walk('app/images')].sort()
}

const folderOnTarget = (name: string): string => path.posix.join(TARGET, path.posix.relative('app', name))

/**
 * Builds the app's images on the registry's host and pushes them: one place that all nodes pull from. The base is a root
 * file system made from the distribution's packages, so nothing but the package mirror is needed.
 */
export const appImages = play('Counter app: images', { hosts: 'registry[0]', become: true, tags: 'images' }, (on) => {
  const files = contextFiles()
  const folders = [...new Set(files.map((name) => path.posix.dirname(folderOnTarget(name))))]
  const recipe = createHash('sha256').update(readFileSync(path.join(ROOT, 'app/images/rootfs.sh'))).digest('hex').slice(0, 12)
  const archive = `/var/lib/labbook/images/debian-apps-${recipe}.tar`
  return [
    apt('Tools to make a root file system', { name: ['mmdebstrap'], update_cache: true, cache_valid_time: 3600, install_recommends: false }),
    [...folders, '/var/lib/labbook/images'].sort().map((folder) =>
      file(`Folder ${folder}`, { path: folder, state: 'directory', mode: '0755' })),
    files.map((name) => copy(`Copy ${name}`, { src: name, dest: folderOnTarget(name), mode: name.endsWith('.sh') ? '0755' : '0644' })),
    command('Make the base root file system', { cmd: `${TARGET}/images/rootfs.sh ${archive}`, creates: archive, timeout: 900 }),
    docker_image('Import the base image', { name: 'labbook/debian-apps:latest', source: 'import', archive_path: archive, checksum_of: `${TARGET}/images/rootfs.sh` }),
    IMAGES.map((name) => docker_image(`Build and push the image ${name}`, {
      name: `${registryAddress(on)}/labbook/${name}:latest`,
      source: 'build',
      build: { path: TARGET, dockerfile: `images/${name}.Dockerfile`, args: { BASE: 'labbook/debian-apps:latest' } },
      push: true,
      register: images[name],
      timeout: 600,
    })),
  ]
})
