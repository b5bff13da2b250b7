import { parseReference } from './reference.ts'

/*
 * Resource keys of the Docker modules, in addition to the paths and units of `support/effects.ts`. A stack's resources
 * have its name as prefix, `app_web`: tasks about the stack and about one of its resources depend on each other.
 */

/** Reads: the engine is running. Only Docker writes below its data directory. */
export const ENGINE: readonly string[] = [
  'unit:docker.service',
  'unit:docker.socket',
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/var/lib/docker',
]

/** Whether this node is a member of a Swarm, and of which. */
export const MEMBERSHIP = 'docker-swarm:membership'
/** State of a node that an earlier task makes join. */
export const JOINED = 'joined'
/** Any node of the Swarm. */
export const ANY_NODE = 'docker-node:any'
/** Any image on this host: only a Dockerfile names the base images of a build. */
export const ANY_IMAGE = 'docker-image:any'

/** `app_web_1` may belong to the stack `app` or `app_web`. */
const stacksOf = (name: string): string[] =>
  [...name.matchAll(/_/g)].map(({ index }) => name.slice(0, index)).filter((stack) => stack !== '')

type StackResource = 'service' | 'network' | 'volume' | 'secret' | 'config'

/** Reads: one resource that a stack may have created. */
export const resourceNamed = (kind: StackResource, name: string): string[] => [
  `docker-${kind}:${name}`,
  ...stacksOf(name).map((stack) => `docker-stack:${stack}`),
]

/** Sets: one resource that may belong to a stack. */
export const setResource = (kind: StackResource, name: string): string[] => [
  `docker-${kind}:${name}`,
  ...stacksOf(name).map((stack) => `docker-stack-part:${stack}`),
]

/** Reads: a stack and its resources. */
export const stackNamed = (name: string): string[] => [`docker-stack:${name}`, `docker-stack-part:${name}`]

/** Sets: a stack with its resources. */
export const setStack = (name: string): string[] => [`docker-stack:${name}`]

const imageKey = (name: string): string => `docker-image:${parseReference(name).full}`

/** Reads: an image by its name. */
export const imageNamed = (name: string): string[] => [imageKey(name)]

/** Sets: an image by its name. */
export const setImage = (name: string): string[] => [imageKey(name), ANY_IMAGE]

/** What a container can access on its host. */
interface HostAccess {
  readonly image: string
  /** Mount sources: paths of the host, names of volumes. */
  readonly mounts: readonly { readonly source: string; readonly readonly: boolean }[]
  readonly privileged: boolean
}

/**
 * Sets: side effects of running a container. The image is pulled, volumes are created, mounts may be written. A
 * container that is privileged or can access the engine's socket may change anything.
 */
export function setByContainer({ image, mounts, privileged }: HostAccess): string[] | undefined {
  if (privileged || mounts.some(({ source }) => source === '/' || /^(\/var)?\/run(\/docker\.sock)?\/?$/.test(source)))
    return undefined
  return [
    ...setImage(image),
    // Docker creates a missing source of a bind mount.
    ...mounts.flatMap(({ source, readonly }) =>
      !source.startsWith('/')
        ? setResource('volume', source)
        : readonly
          ? [`${source}/.`, `directory:${source}`]
          : [source, `${source}/`],
    ),
  ]
}

/** Resource keys of Docker, for the keywords `reads` and `sets` of a task. */
export const dockerResources = {
  /** Reads: the engine is running. */
  engine: ENGINE,
  /** Whether a node is a member of a Swarm. */
  membership: MEMBERSHIP,
  /** A node of the Swarm. */
  node: (hostname: string): string => `docker-node:${hostname}`,
  /** Reads: a stack and its resources. */
  stack: stackNamed,
  /** Credentials for a registry. */
  login: (registry: string): string => `docker-login:${registry}`,
} as const
