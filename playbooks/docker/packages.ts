import { dockerSource } from './docker-ce.ts'

/** The distribution's packages for Docker Engine. */
export const DISTRO_PACKAGES = ['docker.io', 'curl']

/** Packages that the distribution provides for this `docker_source`. */
export const distroPackages = (source: unknown): readonly string[] =>
  dockerSource(source) === 'distro' ? DISTRO_PACKAGES : []
