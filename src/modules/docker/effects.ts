import { parseReference } from './reference.ts'

/*
 * The words that modules for Docker read and set, beside the paths and units of `support/effects.ts`. A stack's parts
 * carry its name before theirs, `app_web`: a task about the stack and one about such a part concern each other.
 */

/** Reads: that the engine is there. What it keeps is its own: nobody writes into it file by file. */
export const ENGINE: readonly string[] = [
  'unit:docker.service',
  'unit:docker.socket',
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/var/lib/docker',
]

/** Whether this node is in a Swarm, and in which. */
export const MEMBERSHIP = 'docker-swarm:membership'
/** Some node of the Swarm. */
export const SOME_NODE = 'docker-node:any'
/** Some image on this host: which ones another is built upon, only its Dockerfile tells. */
export const SOME_IMAGE = 'docker-image:any'

/** `app_web_1` may be a part of the stacks `app` and `app_web`. */
const stacksOf = (name: string): string[] =>
  [...name.matchAll(/_/g)].map(({ index }) => name.slice(0, index)).filter((stack) => stack !== '')

type Part = 'service' | 'network' | 'volume' | 'secret' | 'config'

/** Reads: one thing that a stack may have made. */
export const partNamed = (kind: Part, name: string): string[] => [
  `docker-${kind}:${name}`,
  ...stacksOf(name).map((stack) => `docker-stack:${stack}`),
]

/** Sets: one thing that may be a stack's. */
export const setPart = (kind: Part, name: string): string[] => [
  `docker-${kind}:${name}`,
  ...stacksOf(name).map((stack) => `docker-stack-part:${stack}`),
]

/** Reads: a stack with its parts. */
export const stackNamed = (name: string): string[] => [`docker-stack:${name}`, `docker-stack-part:${name}`]

const imageWord = (name: string): string => `docker-image:${parseReference(name).full}`

/** Reads: an image by its name. */
export const imageNamed = (name: string): string[] => [imageWord(name)]

/** Sets: an image by its name. */
export const setImage = (name: string): string[] => [imageWord(name), SOME_IMAGE]

/** What a container may reach of its host. */
interface Reach {
  readonly image: string
  /** Sources of its mounts: paths of the host, names of volumes. */
  readonly mounts: readonly { readonly source: string; readonly readonly: boolean }[]
  readonly privileged: boolean
}

/**
 * Sets: what comes of running a container, beside itself: the image is pulled, volumes are made, and what is mounted
 * may be written. One with the host's rights, or that can talk to the engine, may do anything.
 */
export function setByRunning({ image, mounts, privileged }: Reach): string[] | undefined {
  if (privileged || mounts.some(({ source }) => source === '/' || /^(\/var)?\/run(\/docker\.sock)?\/?$/.test(source)))
    return undefined
  return [
    ...setImage(image),
    // A folder that is to be mounted and is not there is made.
    ...mounts.flatMap(({ source, readonly }) =>
      !source.startsWith('/')
        ? setPart('volume', source)
        : readonly
          ? [`${source}/.`, `directory:${source}`]
          : [source, `${source}/`],
    ),
  ]
}
