import { posix } from 'node:path'
import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Change, Plan } from '../module.ts'
import { targetFile } from '../support/params.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'
import { readCredentials } from './credentials.ts'

const schema = z.strictObject({
  /** `host:port` of the registry. This host must be logged in to it. */
  registry: z.string().regex(/^[^/\s]+$/, 'must be host:port'),
  /** Container of the registry on this host. */
  container: z.string().min(1),
  /** Configuration file on this host. The container must have its directory as `/etc/docker/registry`. */
  config: targetFile,
  /** Storage directory of the registry on this host, to measure the freed space. */
  storage: targetFile,
  /**
   * Images to keep: `repository:tag`, or `sha256:...` in any repository. A manifest is kept as long as one of its tags
   * is.
   */
  keep: z.array(z.string()),
})

type Params = z.output<typeof schema>

export interface RegistryGc {
  /** Remaining images: `repository:tag digest`. */
  readonly kept: readonly string[]
  /** Size of the storage in bytes. */
  readonly bytes: number
}

const MANIFESTS = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.index.v1+json',
].join(', ')

/**
 * Deletes unused images from a registry and frees their space. Manifests are deleted through the registry's API, blobs
 * by its `garbage-collect` while the registry is read-only: a concurrent push would lose blobs that are not referenced
 * yet (distribution, docs/content/about/garbage-collection.md). Pulls continue to work.
 */
export const registry_gc = defineModule<typeof schema, RegistryGc>({
  name: 'registry_gc',
  schema,
  reads: () => undefined,
  sets: () => undefined,
  title: ({ registry }) => registry,
  timeLimitSeconds: () => 1800,
  probe: (params) =>
    [
      client(params),
      'lb_repositories=$(lb_ask "https://$lb_registry/v2/_catalog?n=1000") || exit',
      `for lb_repository in $(printf %s "$lb_repositories" | tr -d '[]{}" \\n' | sed 's/^repositories://' | tr ',' ' '); do`,
      '  lb_tags=$(lb_ask "https://$lb_registry/v2/$lb_repository/tags/list") || continue',
      `  for lb_tag in $(printf %s "$lb_tags" | sed -n 's/.*"tags":\\[\\([^]]*\\)\\].*/\\1/p' | tr -d '"' | tr ',' ' '); do`,
      '    lb_head=$(lb_ask -I -H "$lb_accept" "https://$lb_registry/v2/$lb_repository/manifests/$lb_tag") || exit',
      `    printf 'tag %s:%s %s\\n' "$lb_repository" "$lb_tag" "$(printf '%s\\n' "$lb_head" | tr -d '\\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p')"`,
      '  done',
      'done',
      sh`printf 'bytes %s\n' "$(du -sb ${params.storage} | cut -f 1)"`,
      // A repository without tags is only a name. Blobs without a manifest are left by interrupted pushes.
      sh`lb_dry=$(docker exec ${params.container} sh -c ${`${PROGRAM} garbage-collect --dry-run ${IN_CONTAINER}`} 2>/dev/null) || exit`,
      `printf 'blobs %s\\n' "$(printf '%s\\n' "$lb_dry" | sed -n 's/^.* blobs marked, \\([0-9]*\\) blobs .*eligible for deletion$/\\1/p')"`,
      'exit 0',
    ].join('\n'),
  plan(params, { stdout, stderr, exitCode }): Plan<RegistryGc> {
    if (exitCode !== 0) return { changes: [], problem: `cannot query registry ${params.registry}: ${lastLine(stderr)}` }
    const tags = [...stdout.matchAll(/^tag (\S+) (\S+)$/gm)].map(([, name = '', digest = '']) => ({
      name,
      repository: name.replace(/:[^:]*$/, ''),
      digest,
    }))
    const keep = new Set(params.keep)
    const isKept = (repository: string, digest: string): boolean =>
      keep.has(digest) ||
      tags.some((tag) => tag.repository === repository && tag.digest === digest && keep.has(tag.name))
    const obsolete = tags.filter(({ repository, digest }) => !isKept(repository, digest))
    const manifests = [
      ...new Map(
        obsolete.map(({ repository, digest }) => [`${repository}@${digest}`, { repository, digest }]),
      ).values(),
    ]
    const blobs = Number(/^blobs (\d+)$/m.exec(stdout)?.[1] ?? 0)
    const changes: Change[] = manifests.map(({ repository, digest }) => ({
      description: `delete ${obsolete
        .filter((tag) => tag.repository === repository && tag.digest === digest)
        .map(({ name }) => name)
        .join(', ')} (${digest.slice(0, 19)}...)`,
      script: [
        client(params),
        sh`lb_ask -X DELETE -o /dev/null ${`https://${params.registry}/v2/${repository}/manifests/${digest}`} || exit`,
      ].join('\n'),
    }))
    if (changes.length > 0 || blobs > 0) {
      const suffix = blobs > 0 ? ` (${blobs} blobs are already unreferenced)` : ''
      changes.push({
        description: `collect garbage while the registry is read-only${suffix}`,
        script: garbageCollect(params),
      })
    }
    const bytes = Number(/^bytes (\d+)$/m.exec(stdout)?.[1] ?? 0)
    return {
      changes,
      values: {
        kept: tags.filter((tag) => !obsolete.includes(tag)).map(({ name, digest }) => `${name} ${digest}`),
        bytes,
      },
    }
  },
})

/** Name of the program in the upstream image and in Debian's package. */
const PROGRAM = '$(command -v registry || command -v docker-registry)'
const IN_CONTAINER = '/etc/docker/registry/config.yml'

/** Shell function `lb_ask`: curl with the credentials of docker login on stdin. */
const client = ({ registry }: Params): string =>
  [
    sh`lb_registry=${registry}; lb_accept=${`Accept: ${MANIFESTS}`}`,
    'lb_ca=/etc/docker/certs.d/$lb_registry/ca.crt',
    readCredentials(registry),
    `lb_ask() { printf 'header = "Authorization: Basic %s"\\n' "$lb_auth" | curl -q -sS -f --max-time 60 -K - --cacert "$lb_ca" "$@"; }`,
  ].join('\n')

/**
 * Restores the configuration on any exit; if the script itself is killed, the next run of the registry's play does so.
 * Files are replaced atomically for concurrent readers of the directory.
 */
function garbageCollect(params: Params): string {
  const { config, container } = params
  const directory = posix.dirname(config)
  return [
    client(params),
    sh`lb_config=${config}; lb_container=${container}`,
    sh`lb_put() { cp -p -- "$lb_config" ${`${directory}/.gc-new`} && cat >${`${directory}/.gc-new`} && mv -f -- ${`${directory}/.gc-new`} "$lb_config"; }`,
    'lb_up() { lb_tries=0; until lb_ask -o /dev/null "https://$lb_registry/v2/" 2>/dev/null; do lb_tries=$((lb_tries + 1)); [ "$lb_tries" -lt 60 ] || return; sleep 1; done; }',
    'lb_before=$(cat "$lb_config") || exit',
    `lb_restore() { printf '%s\\n' "$lb_before" | lb_put && docker restart "$lb_container" >/dev/null && lb_up; }`,
    `trap 'lb_restore' EXIT; trap 'exit 130' HUP INT TERM`,
    // Read-only mode is a setting below `storage:`, which Labbook's configuration has on a separate line.
    `printf '%s\\n' "$lb_before" | sed 's/^storage:$/storage:\\n  maintenance:\\n    readonly:\\n      enabled: true/' | lb_put || exit`,
    'grep -q "^    readonly:$" "$lb_config" || { echo "the configuration has no line storage: to set read-only mode below" >&2; exit 1; }',
    'docker restart "$lb_container" >/dev/null && lb_up || exit',
    sh`docker exec "$lb_container" sh -c ${`${PROGRAM} garbage-collect ${IN_CONTAINER}`} 2>&1 || exit`,
    'trap - EXIT; lb_restore || { echo "the registry does not respond after its restart" >&2; exit 1; }',
  ].join('\n')
}
