import { dockerVars } from './vars.ts'

/** The distribution's packages for Docker Engine. */
export const DISTRO_PACKAGES = ['docker.io', 'curl']

/** Packages that the distribution provides for the `docker_source` of a host. */
export const distroPackages = (vars: Readonly<Record<string, unknown>>): readonly string[] =>
  dockerVars.read(vars).docker_source === 'distro' ? DISTRO_PACKAGES : []
