/** A parsed image reference. */
export interface ImageReference {
  /** `node1:5000/web`, without tag and digest. */
  readonly repository: string
  /** `node1:5000`; undefined for Docker Hub. */
  readonly registry: string | undefined
  /** The repository's path within its registry: `web`. */
  readonly path: string
  readonly tag: string
  readonly digest: string | undefined
  /** `repository:tag`, or `repository@digest`. */
  readonly full: string
}

/** Parses an image reference as Docker does: the first component is a registry if it looks like a host. */
export function parseReference(name: string, defaultTag = 'latest'): ImageReference {
  const [tagged = '', digest] = name.split('@')
  const [, repository = tagged, tag = defaultTag] = /^(.+?)(?::([^:/]+))?$/.exec(tagged) ?? []
  const [first = '', ...rest] = repository.split('/')
  const registry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : undefined
  return {
    repository,
    registry,
    path: registry === undefined ? repository : rest.join('/'),
    tag,
    digest,
    full: digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`,
  }
}
