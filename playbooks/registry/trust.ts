import { apt, command, copy, docker_login, file, onHosts, play, type PlayContext } from '../../src/labbook.ts'
import { machineAccount } from './accounts.ts'
import { accounts } from './credentials.ts'
import { keepingOf, registryAddress } from './address.ts'

/** Where a distribution keeps certificates of its own choice, and what takes them in. */
function systemStore({ facts }: PlayContext): { file: string; update: string; packages: readonly string[] } {
  return facts.os_family === 'RedHat'
    ? { file: '/etc/pki/ca-trust/source/anchors/labbook.crt', update: 'update-ca-trust', packages: [] }
    : {
        file: '/usr/local/share/ca-certificates/labbook.crt',
        update: 'update-ca-certificates',
        packages: ['ca-certificates', 'openssl'],
      }
}

/** Where Docker looks for the CA of one registry. */
const folderFor = (on: PlayContext): string => `/etc/docker/certs.d/${registryAddress(on)}`

/**
 * Every machine with Docker trusts the lab's CA: Docker for the registry alone, all other programs by the system's
 * store.
 */
export const trust = play(
  'Registry: trusted by all machines',
  { hosts: 'docker', become: true, gather_facts: true, tags: ['registry', 'pki'] },
  (on) => {
    const store = systemStore(on)
    const ca = `${keepingOf(on).pki}/ca-bundle.crt`
    const folder = folderFor(on)
    return [
      store.packages.length > 0 &&
        apt('Certificates of the system', {
          name: [...store.packages],
          update_cache: true,
          cache_valid_time: 3600,
          install_recommends: false,
        }),
      file("Folder of the registry's CA", { path: folder, state: 'directory', mode: '0755' }),
      copy('CA for Docker', { src: ca, dest: `${folder}/ca.crt`, mode: '0644' }),
      // Alone in its file: openssl finds certificates of a folder by names that lead to one each.
      copy('CA for the system', {
        src: `${keepingOf(on).pki}/ca.crt`,
        dest: store.file,
        mode: '0644',
        notify: 'take in the CA',
      }),
    ]
  },
  (on) => ({ 'take in the CA': command({ cmd: systemStore(on).update }) }),
)

/** Every machine with Docker logs in, so that it may pull. */
export const login = play('Registry: log in', { hosts: 'docker', become: true, tags: 'registry' }, (on) => [
  docker_login('Log in to the registry', {
    registry_url: registryAddress(on),
    username: machineAccount(on).name,
    // Known once the accounts are made.
    password: accounts.on('localhost').map(() => machineAccount(on).password ?? ''),
  }),
])

/** The other way: no machine trusts the CA or keeps a password any more. */
export const distrust = play(
  'Registry: trusted no more',
  {
    hosts: 'docker',
    become: true,
    gather_facts: true,
    tags: ['registry', 'pki'],
    disturbs: ({ hosts }) =>
      onHosts(hosts, "its login at the registry and the registry's CA are removed: it pulls no more images from there"),
  },
  (on) => [
    docker_login('Log out of the registry', { registry_url: registryAddress(on), state: 'absent' }),
    file('No CA for Docker', { path: folderFor(on), state: 'absent' }),
    file('No CA for the system', { path: systemStore(on).file, state: 'absent', notify: 'forget the CA' }),
  ],
  (on) => ({
    'forget the CA': command({ cmd: `${systemStore(on).update}${on.facts.os_family === 'RedHat' ? '' : ' --fresh'}` }),
  }),
)
