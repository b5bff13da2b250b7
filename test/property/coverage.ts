import * as modules from '../../src/modules/index.ts'
import type { ModuleName } from './task-spec.ts'

/**
 * Modules covered by each test file. A new module must be added here and to a property: coverage.test.ts fails for a
 * module that is not listed, and for a list with a module that its file does not use.
 */
export const coverage: Readonly<Record<string, readonly ModuleName[]>> = {
  'files.test.ts': [
    'file',
    'copy',
    'template',
    'lineinfile',
    'blockinfile',
    'replace',
    'cron',
    'known_hosts',
    'stat',
    'slurp',
    'find',
    'tempfile',
    'unarchive',
    'fetch',
  ],
  'accounts.test.ts': [
    'user',
    'group',
    'authorized_key',
    'hostname',
    'sysctl',
    'timezone',
    'alternatives',
    'debconf',
    'iptables',
    'mount',
    'apt_repository',
    'deb822_repository',
    'apt_key',
  ],
  'mixed.test.ts': [
    'command',
    'shell',
    'raw',
    'script',
    'get_url',
    'uri',
    'wait_for',
    'assert',
    'fail',
    'debug',
    'setup',
  ],
  'reboot.test.ts': ['reboot'],
  'services.test.ts': [
    'apt',
    'package',
    'systemd',
    'service',
    'docker_config',
    'docker_container',
    'docker_host_info',
    'docker_prune',
    'docker_swarm_info',
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
/**
 * Not covered by a property: waiting has no state, services may end at any time, nothing changes packages in between,
 * and nodes have no git, no package index of Python and no ufw (`test/unit/modules/core`).
 */
const byUnitTests: readonly ModuleName[] = [
  'pause',
  'wait_for_connection',
  'package_facts',
  'service_facts',
  'git',
  'pip',
  'ufw',
]

/**
 * Not covered by a property: modprobe would change this machine's kernel, and locale_gen takes half a minute
 * (`test/unit/modules/core/system-settings.test.ts`).
 */
const system: readonly ModuleName[] = ['modprobe', 'locale_gen']

/**
 * Not covered by a property either: they need a registry with TLS and accounts. `test/lab/registry-cases.ts` tests them
 * in the real lab by cases: check mode predicts the run, a second run changes nothing, a password changes. The other
 * others need a dedicated disk (`test/unit/modules/docker/storage.test.ts`) a Kubernetes cluster
 * (`test/unit/modules/kubernetes`, `npm run test:k3s`), and the plugin of Compose, which Debian has from 13 on
 * (`test/unit/modules/docker/compose_v2.test.ts`).
 */
export const byCases: readonly ModuleName[] = [
  'docker_login',
  'registry_gc',
  'docker_storage',
  'k8s',
  'docker_compose_v2',
  ...byUnitTests,
  ...system,
]

/** All modules; other exports have no definition. */
export const allModules = (Object.keys(modules) as ModuleName[]).filter((name) => 'definition' in modules[name])
