import { quote, sh } from 'labbook'
import { type LabContext } from '../messages/say.ts'
import { registryAddress } from './address.ts'

/**
 * Shell functions for requests to the registry with the host's account. curl reads the password from Docker's
 * configuration by stdin.
 */
export function curlFunctions(on: Pick<LabContext, 'groups' | 'hostvars'>): string {
  const address = registryAddress(on)
  return [
    sh`ca=/etc/docker/certs.d/${address}/ca.crt`,
    sh`account() { tr -d ' \t\n' <"$HOME/.docker/config.json" | sed -n ${`s|.*"${address}":{"auth":"\\([^"]*\\)".*|header = "Authorization: Basic \\1"|p`}; }`,
    `ask() { account | curl -sS -K - --cacert "$ca" "$@"; }`,
  ].join('\n')
}

/** The request as a person would type it, for the report: curl asks for the password. */
export const typedRequest = (on: Pick<LabContext, 'groups' | 'hostvars'>, request: string): string =>
  `curl -sS --cacert /etc/docker/certs.d/${registryAddress(on)}/ca.crt --user labbook ${request}`

/** Accept header for manifests, Docker and OCI. */
export const MANIFEST_ACCEPT_HEADER =
  'Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json'

/** Shell code that prints every tag of every repository with its digest, sorted. Needs {@link curlFunctions}. */
export const listDigests = (address: string): string => `
for repository in $(ask https://${address}/v2/_catalog?n=1000 | tr -d '[]{}"' | sed 's/^repositories://' | tr ',' ' '); do
  for tag in $(ask "https://${address}/v2/$repository/tags/list" | sed -n 's/.*"tags":\\[\\([^]]*\\)\\].*/\\1/p' | tr -d '"' | tr ',' ' '); do
    digest=$(ask -I -H ${quote(MANIFEST_ACCEPT_HEADER)} "https://${address}/v2/$repository/manifests/$tag" | tr -d '\\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p')
    printf '%s:%s %s\\n' "$repository" "$tag" "$digest"
  done
done | sort`
