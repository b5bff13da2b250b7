import {
  copy,
  docker_container,
  file,
  play,
  shell,
  template,
  uri,
  type Disturbs,
  type PlayContext,
} from '../../src/labbook.ts'
import { registryImage } from '../images/images.ts'
import { keepingOf, registryAddress, registryPort } from './address.ts'
import { gracefulRestart } from './restart.ts'

const CONFIG = '/etc/labbook/registry'
export const CONFIG_FILE = `${CONFIG}/config.yml`
/** The number the registry runs as in its container. */
const USER = '5000'
export const CONTAINER = 'labbook-registry'

/** The folder of the host that holds all the registry has. */
export const storageOf = ({ vars }: Pick<PlayContext, 'vars'>): string =>
  String(vars.registry_storage ?? '/var/lib/registry')

/** What the registry's container is made with. */
export const registryContainer = (on: Pick<PlayContext, 'vars' | 'groups' | 'hostvars'>) => ({
  name: CONTAINER,
  published_ports: [`${registryPort(on)}:5000`],
  // The folder, not its files: a file that is replaced would stay what it was in the container.
  volumes: [`${CONFIG}:/etc/docker/registry:ro`, `${storageOf(on)}:/var/lib/registry`],
  restart_policy: 'always' as const,
})

/** The registry: a container whose data, certificate and accounts are the host's. */
export const registry = play(
  'Registry',
  { hosts: 'registry[0]', become: true, tags: 'registry' },
  (on) => {
    const { pki, htpasswd } = keepingOf(on)
    const own = { owner: 'root', group: USER, mode: '0640' }
    return [
      file('Storage of the registry', {
        path: storageOf(on),
        state: 'directory',
        owner: USER,
        group: USER,
        mode: '0750',
      }),
      file("Folder of the registry's configuration", {
        path: CONFIG,
        state: 'directory',
        mode: '0750',
        owner: 'root',
        group: USER,
      }),
      template('Configure the registry', {
        src: 'registry/config.yml',
        dest: CONFIG_FILE,
        ...own,
        notify: 'restart the registry',
      }),
      copy('Certificate of the registry', {
        src: `${pki}/registry.crt`,
        dest: `${CONFIG}/tls.crt`,
        ...own,
        notify: 'restart the registry',
      }),
      copy('Key of the registry', {
        src: `${pki}/registry.key`,
        dest: `${CONFIG}/tls.key`,
        ...own,
        no_log: true,
        notify: 'restart the registry',
      }),
      // The registry reads this file once, when it starts.
      copy('Accounts of the registry', {
        src: htpasswd,
        dest: `${CONFIG}/htpasswd`,
        ...own,
        no_log: true,
        notify: 'restart the registry',
      }),
      docker_container('Registry', { ...registryContainer(on), image: registryImage.map(({ id }) => id) }),
    ]
  },
  (on) => ({ 'restart the registry': shell({ cmd: gracefulRestart(CONTAINER, registryPort(on)) }) }),
)

/** The registry has moved here from another machine: there, it goes; what it stored there stays. */
export const registryMoved = play(
  'Registry: on one machine only',
  { hosts: 'docker:!registry[0]', become: true, tags: 'registry' },
  () => [docker_container('No registry here', { name: CONTAINER, state: 'absent' })],
)

const purges = ({ registry_purge: purge }: Readonly<Record<string, unknown>>): boolean =>
  purge === true || purge === 'true'

const removesRegistry: Disturbs = ({ hosts, hostvars }) =>
  hosts.map((host) => ({
    host,
    what: `the registry is removed${purges(hostvars(host)) ? ', with all its images' : '; its images stay'}`,
  }))

/** Takes the registry away. What it stores stays, unless `registry_purge` is set: other machines may have no copy. */
export const registryGone = play(
  'Registry: gone',
  { hosts: 'registry[0]', become: true, tags: 'registry', disturbs: removesRegistry },
  (on) => [
    docker_container('No registry', { name: CONTAINER, state: 'absent' }),
    file('No configuration, key or accounts', { path: CONFIG, state: 'absent' }),
    purges(on.vars) && file('No storage', { path: storageOf(on), state: 'absent' }),
  ],
)

/** A play of its own, because it must look after the handlers of the one before. Asked without a name, it says 401. */
export const registryAnswers = play('Registry answers', { hosts: 'registry[0]', tags: 'registry' }, (on) => [
  uri('The registry answers', { url: `https://${registryAddress(on)}/v2/`, status_code: 401, retries: 20, delay: 1 }),
])
