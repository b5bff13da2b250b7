import { apt, command, copy, disturbAll, docker_login, dockerResources, file, play, type PlayContext } from 'labbook'
import { machineAccount } from './accounts.ts'
import { accounts } from './credentials.ts'
import { registryFiles, registryAddress } from './address.ts'

/** The distribution's trust store, and the command that updates it. */
function systemStore({ facts }: PlayContext): {
  file: string
  update: string
  packages: readonly string[]
  sets: readonly string[]
} {
  return facts.os_family === 'RedHat'
    ? {
        file: '/etc/pki/ca-trust/source/anchors/labbook.crt',
        update: 'update-ca-trust',
        packages: [],
        sets: ['/etc/pki/ca-trust/extracted'],
      }
    : {
        file: '/usr/local/share/ca-certificates/labbook.crt',
        update: 'update-ca-certificates',
        packages: ['ca-certificates', 'openssl'],
        sets: ['/etc/ssl/certs'],
      }
}

/** Where Docker looks up the CA certificate of one registry. */
const certsDirectory = (on: PlayContext): string => `/etc/docker/certs.d/${registryAddress(on)}`

/** Installs the CA certificate on every Docker host: for Docker, and in the system's trust store. */
export const installCa = play(
  'Install CA certificate',
  { hosts: 'docker', become: true, gather_facts: true, tags: ['registry', 'pki'] },
  (on) => {
    const store = systemStore(on)
    const ca = `${registryFiles(on).pki}/ca-bundle.crt`
    const directory = certsDirectory(on)
    return [
      store.packages.length > 0 &&
        apt('Install ca-certificates', {
          name: [...store.packages],
          update_cache: true,
          cache_valid_time: 3600,
          install_recommends: false,
        }),
      file(`Create ${directory}`, { path: directory, state: 'directory', mode: '0755' }),
      copy('Copy CA certificate for Docker', { src: ca, dest: `${directory}/ca.crt`, mode: '0644' }),
      // One certificate per file: openssl's directory lookup reads only the first.
      copy('Copy CA certificate to trust store', {
        src: `${registryFiles(on).pki}/ca.crt`,
        dest: store.file,
        mode: '0644',
        notify: 'update CA trust store',
      }),
    ]
  },
  (on) => ({ 'update CA trust store': command({ cmd: systemStore(on).update, sets: systemStore(on).sets }) }),
)

/** Logs in every Docker host, so that it can pull. */
export const login = play('Log in to registry', { hosts: 'docker', become: true, tags: 'registry' }, (on) => [
  docker_login('Log in to registry', {
    registry_url: registryAddress(on),
    username: machineAccount(on).name,
    sets: [dockerResources.login(registryAddress(on)), '/root/.docker'],
    // Set once the accounts exist.
    password: accounts.on('localhost').map(() => machineAccount(on).password ?? ''),
  }),
])

/** Removes the CA certificate and the login from every Docker host. */
export const removeCa = play(
  'Remove CA certificate and registry login',
  {
    hosts: 'docker',
    become: true,
    gather_facts: true,
    tags: ['registry', 'pki'],
    disturbs: ({ hosts }) =>
      disturbAll(
        hosts,
        "its registry login and the registry's CA certificate are removed: it can no longer pull images",
      ),
  },
  (on) => [
    docker_login('Log out of registry', { registry_url: registryAddress(on), state: 'absent' }),
    file('Remove CA certificate for Docker', { path: certsDirectory(on), state: 'absent' }),
    file('Remove CA certificate from trust store', {
      path: systemStore(on).file,
      state: 'absent',
      notify: 'rebuild CA trust store',
    }),
  ],
  (on) => ({
    'rebuild CA trust store': command({
      cmd: `${systemStore(on).update}${on.facts.os_family === 'RedHat' ? '' : ' --fresh'}`,
    }),
  }),
)
