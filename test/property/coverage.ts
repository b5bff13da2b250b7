import * as modules from '../../src/modules/index.ts'
import type { ModuleName } from './spec.ts'

/**
 * Which test file has properties of which modules. Whoever adds a module adds it here, and to a property: the test in
 * coverage.test.ts fails for a module that is in no list, and for a list that names a module its file does not speak
 * of.
 */
export const coverage: Readonly<Record<string, readonly ModuleName[]>> = {
  'files.test.ts': ['file', 'copy', 'template', 'lineinfile', 'stat', 'slurp'],
  'accounts.test.ts': ['user', 'group', 'hostname', 'sysctl'],
  'mixed.test.ts': ['command', 'shell', 'get_url', 'uri', 'wait_for', 'assert', 'fail', 'debug', 'setup'],
  'reboot.test.ts': ['reboot'],
  'services.test.ts': [
    'apt',
    'systemd',
    'docker_config',
    'docker_container',
    'docker_image',
    'docker_network',
    'docker_node',
    'docker_secret',
    'docker_service',
    'docker_stack',
    'docker_swarm',
    'docker_volume',
  ],
}

/**
 * Not under a property yet: they need a registry with TLS and accounts. `test/lab/registry-cases.ts` has them on the
 * real lab, by cases: check mode held to what the run does, a second run that changes nothing, a password that changes.
 * The other two need a disk of their own (`test/unit/modules/docker/storage.test.ts`) and a Kubernetes cluster
 * (`test/unit/k3s`, `npm run test:k3s`).
 */
export const byCases: readonly ModuleName[] = ['docker_login', 'registry_gc', 'docker_storage', 'k8s']

/** All modules that playbooks have. */
export const allModules = Object.keys(modules) as ModuleName[]
