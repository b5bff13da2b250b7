import { readFileSync } from 'node:fs'
import { dockerVars } from './vars.ts'

/** A distribution and the code name of its release, as in facts: `Debian`, `bookworm`. */
export interface Release {
  readonly distribution: string
  readonly release: string
}

/** Releases of Debian whose package docker.io contains the client. Later ones have it in docker-cli. */
const CLIENT_INCLUDED = ['buster', 'bullseye', 'bookworm']

/** The distribution's packages for Docker Engine and its client. */
export const distroPackages = ({ distribution, release }: Release): string[] => [
  'docker.io',
  ...(distribution === 'Debian' && release !== '' && !CLIENT_INCLUDED.includes(release) ? ['docker-cli'] : []),
  'curl',
]

/** What the distribution provides for the `docker_source` of a lab node: of `lab_release`, or as this machine. */
export const packagesOfNode = (
  vars: Readonly<Record<string, unknown>>,
  osRelease: string | undefined = readOsRelease(),
): readonly string[] => {
  if (dockerVars.read(vars).docker_source !== 'distro') return []
  const valueOf = (key: string): string => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(osRelease ?? '')?.[1] ?? ''
  const distribution = valueOf('ID') === 'ubuntu' ? 'Ubuntu' : 'Debian'
  const release = typeof vars.lab_release === 'string' ? vars.lab_release : valueOf('VERSION_CODENAME')
  return distroPackages({ distribution, release })
}

function readOsRelease(): string | undefined {
  try {
    return readFileSync('/etc/os-release', 'utf8')
  } catch {
    return undefined // Not a Linux machine: it has no lab of namespaces either.
  }
}
