import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Where a base image comes from: Docker Hub, or Debian packages. */
export type PackageSource = 'hub' | 'debian'

/** How an image is built. */
interface Recipe {
  /** The base image; without a Dockerfile, the image itself. */
  readonly base: string
  /** Relative to `app/`. */
  readonly dockerfile?: string
}

/** Base images of Debian packages (app/images/rootfs.sh). */
export type BaseName = 'core' | 'extra'

/** Name of a base image on the build host. */
export const debianBase = (name: BaseName): string => `labbook/debian-${name}:latest`

const core = (dockerfile: string): Recipe => ({ base: debianBase('core'), dockerfile })
const extra = (dockerfile: string): Recipe => ({ base: debianBase('extra'), dockerfile })

/**
 * The images of the project. Images of Docker Hub are pinned by digest, so that a moved tag has no effect.
 */
export const IMAGES = {
  registry: {
    hub: { base: 'registry@sha256:a3d8aaa63ed8681a604f1dea0aa03f100d5895b6a58ace528858a7b332415373' }, // registry:2 (2.8.3)
    debian: core('images/registry.Dockerfile'),
  },
  'hello-world': {
    hub: { base: 'hello-world@sha256:ef54e839ef541993b4e87f25e752f7cf4238fa55f017957c2eb44077083d7a6a' }, // hello-world:latest of 2025
    debian: core('images/hello-world.Dockerfile'),
  },
  counter: {
    hub: {
      base: 'python@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea',
      dockerfile: 'Dockerfile',
    }, // python:3.12-slim
    debian: core('images/counter.Dockerfile'),
  },
  redis: {
    hub: {
      base: 'redis@sha256:ff02b58f971e7d7d156a1267e283fcbbeee91773b6aa36c49dac28ecfe28eadf',
      dockerfile: 'images/hub/redis.Dockerfile',
    }, // redis:7.4-alpine
    debian: core('images/redis.Dockerfile'),
  },
  gateway: {
    hub: {
      base: 'nginx@sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10',
      dockerfile: 'images/hub/gateway.Dockerfile',
    }, // nginx:1.27-alpine
    debian: core('images/gateway.Dockerfile'),
  },
  balancer: {
    hub: {
      base: 'nginx@sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10',
      dockerfile: 'images/hub/balancer.Dockerfile',
    }, // nginx:1.27-alpine
    debian: extra('images/balancer.Dockerfile'),
  },
  voting: {
    hub: {
      base: 'python@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea',
      dockerfile: 'images/hub/voting.Dockerfile',
    }, // python:3.12-slim
    debian: extra('images/voting.Dockerfile'),
  },
  'voting-db': {
    hub: {
      base: 'postgres@sha256:57c72fd2a128e416c7fcc499958864df5301e940bca0a56f58fddf30ffc07777',
      dockerfile: 'images/hub/voting-db.Dockerfile',
    }, // postgres:16-alpine
    debian: extra('images/voting-db.Dockerfile'),
  },
} as const satisfies Record<string, Record<PackageSource, Recipe>>

export type ImageName = keyof typeof IMAGES
export const IMAGE_NAMES = Object.keys(IMAGES) as ImageName[]

/** Images of the registry and the Counter app. Other images are built by the playbooks that need them. */
export const CORE_IMAGES: readonly ImageName[] = ['registry', 'hello-world', 'counter', 'redis', 'gateway']

export const recipeOf = (name: ImageName, source: PackageSource): Recipe => IMAGES[name][source]

/** Files of `app/` that images are built from, relative to the project. */
function appFiles(root: string): string[] {
  const walk = (directory: string): string[] =>
    readdirSync(path.join(root, directory), { withFileTypes: true })
      .filter(({ name }) => name !== '__pycache__')
      .flatMap((entry) =>
        entry.isDirectory() ? walk(path.join(directory, entry.name)) : [path.join(directory, entry.name)],
      )
  return [
    'app/.dockerignore',
    'app/Dockerfile',
    'app/gunicorn.conf.py',
    'app/health.sh',
    'app/requirements.txt',
    ...walk('app/counter'),
    ...walk('app/images'),
    ...walk('app/voting'),
  ].sort()
}

/** Files that a Dockerfile copies, relative to the project. */
function copiedFiles(dockerfile: string, root: string): string[] {
  const copied = [...dockerfile.matchAll(/^COPY (?:--\S+ )*(.+) \S+$/gm)].flatMap(([, from = '']) =>
    from.trim().split(/\s+/),
  )
  return appFiles(root).filter((file) =>
    copied.some((from) => file === `app/${from}` || file.startsWith(`app/${from.replace(/\/$/, '')}/`)),
  )
}

/** The build context of some images, for both sources: files of `app/`, relative to the project. */
export function contextFiles(names: readonly ImageName[], root = ROOT): string[] {
  const dockerfiles = names
    .flatMap((name) => [recipeOf(name, 'hub').dockerfile, recipeOf(name, 'debian').dockerfile])
    .filter((file) => file !== undefined)
  const copied = dockerfiles.flatMap((file) => copiedFiles(read(`app/${file}`, root).toString('utf8'), root))
  return [...new Set(['app/.dockerignore', RECIPE, ...dockerfiles.map((file) => `app/${file}`), ...copied])].sort()
}

const read = (file: string, root = ROOT): Buffer => readFileSync(path.join(root, file))

/** The recipe of the base images, relative to the project. */
export const RECIPE = 'app/images/rootfs.sh'

/** Identifies the recipe of the base images. */
export const recipeChecksum = (): string => checksum([read(RECIPE)])

/**
 * The tag of an image: a checksum of all its inputs. An image is rebuilt only if they change, and existing tags are
 * never overwritten.
 */
export function tagOf(name: ImageName, source: PackageSource, root = ROOT): string {
  const { base, dockerfile } = recipeOf(name, source)
  const inputs: (Buffer | string)[] = [base, ...(source === 'debian' ? [read(RECIPE, root)] : [])]
  if (dockerfile !== undefined) {
    const text = read(`app/${dockerfile}`, root).toString('utf8')
    inputs.push(text, ...copiedFiles(text, root).flatMap((file) => [file, read(file, root)]))
  }
  return checksum(inputs)
}

function checksum(inputs: readonly (Buffer | string)[]): string {
  const hash = createHash('sha256')
  // Length prefixes keep different lists from hashing alike.
  for (const input of inputs) hash.update(`${Buffer.byteLength(input)}:`).update(input)
  return hash.digest('hex').slice(0, 12)
}
