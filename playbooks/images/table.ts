import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Where an image comes from: made upon (or taken as it is from) what Docker Hub has, or upon a root of Debian packages. */
export type Source = 'hub' | 'debian'

/** What an image is made with. */
interface Recipe {
  /** The image it is made upon; without a Dockerfile, the image itself. */
  readonly base: string
  /** Relative to `app/`. */
  readonly dockerfile?: string
}

/** The root of Debian packages, as the builder has it. */
export const DEBIAN_BASE = 'labbook/debian-apps:latest'

const debian = (dockerfile: string): Recipe => ({ base: DEBIAN_BASE, dockerfile })

/** The images of the project. Those of Docker Hub are pinned by digest, so that a tag that moves there changes nothing here. */
export const IMAGES = {
  registry: {
    hub: { base: 'registry@sha256:a3d8aaa63ed8681a604f1dea0aa03f100d5895b6a58ace528858a7b332415373' }, // registry:2 (2.8.3)
    debian: debian('images/registry.Dockerfile'),
  },
  'hello-world': {
    hub: { base: 'hello-world@sha256:ef54e839ef541993b4e87f25e752f7cf4238fa55f017957c2eb44077083d7a6a' }, // hello-world:latest of 2025
    debian: debian('images/hello-world.Dockerfile'),
  },
  counter: {
    hub: { base: 'python@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea', dockerfile: 'Dockerfile' }, // python:3.12-slim
    debian: debian('images/counter.Dockerfile'),
  },
  redis: {
    hub: { base: 'redis@sha256:ff02b58f971e7d7d156a1267e283fcbbeee91773b6aa36c49dac28ecfe28eadf', dockerfile: 'images/hub/redis.Dockerfile' }, // redis:7.4-alpine
    debian: debian('images/redis.Dockerfile'),
  },
  gateway: {
    hub: { base: 'nginx@sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10', dockerfile: 'images/hub/gateway.Dockerfile' }, // nginx:1.27-alpine
    debian: debian('images/gateway.Dockerfile'),
  },
  balancer: {
    hub: { base: 'nginx@sha256:65645c7bb6a0661892a8b03b89d0743208a18dd2f3f17a54ef4b76fb8e2f2a10', dockerfile: 'images/hub/balancer.Dockerfile' }, // nginx:1.27-alpine
    debian: debian('images/balancer.Dockerfile'),
  },
  voting: {
    hub: { base: 'python@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea', dockerfile: 'images/hub/voting.Dockerfile' }, // python:3.12-slim
    debian: debian('images/voting.Dockerfile'),
  },
  'voting-db': {
    hub: { base: 'postgres@sha256:57c72fd2a128e416c7fcc499958864df5301e940bca0a56f58fddf30ffc07777', dockerfile: 'images/hub/voting-db.Dockerfile' }, // postgres:16-alpine
    debian: debian('images/voting-db.Dockerfile'),
  },
} as const satisfies Record<string, Record<Source, Recipe>>

export type ImageName = keyof typeof IMAGES
export const IMAGE_NAMES = Object.keys(IMAGES) as ImageName[]

export const recipeOf = (name: ImageName, source: Source): Recipe => IMAGES[name][source]

/** Files of `app/` that images are made of, relative to the project. */
export function contextFiles(root = ROOT): string[] {
  const walk = (folder: string): string[] => readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(({ name }) => name !== '__pycache__')
    .flatMap((entry) => (entry.isDirectory() ? walk(path.join(folder, entry.name)) : [path.join(folder, entry.name)]))
  return ['app/.dockerignore', 'app/Dockerfile', 'app/gunicorn.conf.py', 'app/health.sh', 'app/requirements.txt', ...walk('app/counter'), ...walk('app/images'), ...walk('app/voting')].sort()
}

const read = (file: string, root = ROOT): Buffer => readFileSync(path.join(root, file))

/** Stands for the recipe of the root of Debian packages. */
export const rootfsChecksum = (): string => checksum([read('app/images/rootfs.sh')])

/**
 * The tag of an image: a checksum of all that it is made of and from. The same inputs give the same tag, so that an image
 * is made again only when they are others, and an older one stays what it is.
 */
export function tagOf(name: ImageName, source: Source, root = ROOT): string {
  const { base, dockerfile } = recipeOf(name, source)
  const parts: (Buffer | string)[] = [base, ...(source === 'debian' ? [read('app/images/rootfs.sh', root)] : [])]
  if (dockerfile !== undefined) {
    const text = read(`app/${dockerfile}`, root).toString('utf8')
    const copied = [...text.matchAll(/^COPY (?:--\S+ )*(.+) \S+$/gm)].flatMap(([, from = '']) => from.trim().split(/\s+/))
    const files = contextFiles(root).filter((file) => copied.some((from) => file === `app/${from}` || file.startsWith(`app/${from.replace(/\/$/, '')}/`)))
    parts.push(text, ...files.flatMap((file) => [file, read(file, root)]))
  }
  return checksum(parts)
}

function checksum(parts: readonly (Buffer | string)[]): string {
  const hash = createHash('sha256')
  // Each with its length, so that no two lists read the same.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('hex').slice(0, 12)
}
