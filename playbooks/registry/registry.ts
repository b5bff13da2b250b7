import {
  copy,
  type Disturbs,
  docker_container,
  file,
  HOST_DIRECTORIES,
  play,
  type PlayContext,
  shell,
  template,
  uri,
} from 'labbook'
import { registryImage } from '../app/images/images.ts'
import { registryApi, registryFiles, registryAddress, registryPort } from './address.ts'
import { gracefulRestart } from './restart.ts'
import { registryVars } from './vars.ts'
import { templateFile } from '../template-file.ts'

const CONFIG = `${HOST_DIRECTORIES.config}/registry`
export const REGISTRY_CONFIG = `${CONFIG}/config.yml`
/** UID of the registry in its container. */
const USER = '5000'
export const CONTAINER = 'labbook-registry'

/** Storage directory of the registry on the host. */
export const storageOf = ({ vars }: Pick<PlayContext, 'vars'>): string => registryVars.read(vars).registry_storage

/** Parameters of the registry's container. */
export const registryContainer = (on: Pick<PlayContext, 'vars' | 'groups' | 'hostvars'>) => ({
  name: CONTAINER,
  published_ports: [`${registryPort(on)}:5000`],
  // The directory, not single files: the container would not see a replaced file.
  volumes: [`${CONFIG}:/etc/docker/registry:ro`, `${storageOf(on)}:/var/lib/registry`],
  restart_policy: 'always' as const,
})

/** The registry: a container with its data, certificate and accounts on the host. */
export const registry = play(
  'Deploy registry',
  { hosts: 'registry[0]', become: true, tags: 'registry' },
  (on) => {
    const { pki, htpasswd } = registryFiles(on)
    const ownership = { owner: 'root', group: USER, mode: '0640' }
    return [
      file('Create storage directory', {
        path: storageOf(on),
        state: 'directory',
        owner: USER,
        group: USER,
        mode: '0750',
      }),
      file('Create configuration directory', {
        path: CONFIG,
        state: 'directory',
        mode: '0750',
        owner: 'root',
        group: USER,
      }),
      template('Configure registry', {
        src: templateFile('registry/config.yml'),
        dest: REGISTRY_CONFIG,
        ...ownership,
        notify: 'restart registry',
      }),
      copy('Copy registry certificate', {
        src: `${pki}/registry.crt`,
        dest: `${CONFIG}/tls.crt`,
        ...ownership,
        notify: 'restart registry',
      }),
      copy('Copy registry key', {
        src: `${pki}/registry.key`,
        dest: `${CONFIG}/tls.key`,
        ...ownership,
        no_log: true,
        notify: 'restart registry',
      }),
      // The registry reads this file once, when it starts.
      copy('Copy registry accounts', {
        src: htpasswd,
        dest: `${CONFIG}/htpasswd`,
        ...ownership,
        no_log: true,
        notify: 'restart registry',
      }),
      docker_container('Run registry container', {
        ...registryContainer(on),
        image: registryImage.map(({ id }) => id),
        sets: [registryApi(on)],
      }),
    ]
  },
  (on) => ({
    'restart registry': shell({ cmd: gracefulRestart(CONTAINER, registryPort(on)), sets: [registryApi(on)] }),
  }),
)

/** Removes the registry from hosts that ran it before. Its data there is kept. */
export const removeFromOtherHosts = play(
  'Remove registry from other hosts',
  { hosts: 'docker:!registry[0]', become: true, tags: 'registry' },
  () => [docker_container('Remove registry container', { name: CONTAINER, state: 'absent' })],
)

const purges = (vars: PlayContext['vars']): boolean => registryVars.read(vars).registry_purge

const removesRegistry: Disturbs = ({ hosts, hostvars }) =>
  hosts.map((host) => ({
    host,
    what: `the registry is removed${purges(hostvars(host)) ? ', with all its images' : '; its images stay'}`,
  }))

/** Removes the registry. Its data is kept unless `registry_purge` is set: it may be the only copy. */
export const removeRegistry = play(
  'Remove registry',
  { hosts: 'registry[0]', become: true, tags: 'registry', disturbs: removesRegistry },
  (on) => [
    docker_container('Remove registry container', { name: CONTAINER, state: 'absent' }),
    file('Remove configuration, key and accounts', { path: CONFIG, state: 'absent' }),
    purges(on.vars) && file('Remove registry storage', { path: storageOf(on), state: 'absent' }),
  ],
)

/** A separate play, so that it runs after the handlers of the previous one. Anonymous requests get status 401. */
export const checkRegistry = play('Check registry', { hosts: 'registry[0]', tags: 'registry' }, (on) => [
  uri('Wait for registry API', { url: `https://${registryAddress(on)}/v2/`, status_code: 401, retries: 20, delay: 1 }),
])
