import { sh } from '../../shell/quote.ts'
import { readCredentials } from './credentials.ts'
import type { ImageReference } from './reference.ts'

const MANIFESTS = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.index.v1+json',
].join(', ')

/**
 * Shell text that prints `pushed <digest>` if the registry has this tag, nothing if it does not, and `registry-silent`
 * if it does not respond. Tries HTTPS, then HTTP, as Docker does for an insecure registry.
 */
export function queryRegistry({ registry = '', path, tag }: ImageReference): string {
  const url = `${registry}/v2/${path}/manifests/${tag}`
  return [
    sh`lb_ca=/etc/docker/certs.d/${registry}/ca.crt`,
    'set --; [ -r "$lb_ca" ] && set -- --cacert "$lb_ca"',
    // Credentials of docker login reach curl on stdin; never over plain HTTP.
    readCredentials(registry),
    `[ -z "$lb_auth" ] || lb_auth="header = \\"Authorization: Basic $lb_auth\\""`,
    `lb_head() { printf '%s\\n' "$lb_auth" | curl -q -sS -I -K - --max-time 20 -H ${sh`${`Accept: ${MANIFESTS}`}`} "$@"; }`,
    sh`lb_reply=$(lb_head "$@" ${`https://${url}`} 2>/dev/null || { lb_auth=; lb_head ${`http://${url}`} 2>/dev/null; }) || echo registry-silent`,
    `printf '%s\\n' "$lb_reply" | tr -d '\\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: /pushed /p'`,
  ].join('\n')
}
