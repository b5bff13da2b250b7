import {
  apt,
  copy,
  disturbAll,
  type Disturbs,
  docker_storage,
  file,
  play,
  PlaybookError,
  type PlayContext,
  systemd,
  template,
  timeoutMultiplierOf,
  toText,
} from 'labbook'
import { dockerCe, type DockerRepository } from './docker-ce.ts'
import { distroPackages } from './packages.ts'
import { dockerVars } from './vars.ts'
import { templateFile } from '../template-file.ts'

/** Only with docker_storage_force; without it, a disk that holds data is refused. */
const erasesStorage: Disturbs = ({ hosts, hostvars }) =>
  disturbAll(
    hosts.filter((host) => {
      const { docker_storage_driver: driver, docker_storage_force: force } = dockerVars.read(hostvars(host), host)
      return driver !== undefined && force
    }),
    "Docker's data and its disk are erased if they do not match the configuration (docker_storage_force)",
  )

/**
 * Installs Docker Engine from the distribution (`docker_source: distro`, the default: no key, no extra repository,
 * works offline with a mirror) or from Docker's own repository (`docker_source: docker-ce`).
 * `docker_storage_driver` selects the storage driver.
 */
export const docker = play(
  'Install Docker Engine',
  { hosts: 'docker', become: true, tags: 'docker', gather_facts: true, disturbs: erasesStorage },
  (on) => [
    file('Create /etc/docker', { path: '/etc/docker', state: 'directory', mode: '0755' }),
    storage(on),
    // Before the package, so that the daemon reads it at its first start.
    template('Configure the daemon', {
      src: templateFile('docker/daemon.json'),
      dest: '/etc/docker/daemon.json',
      mode: '0644',
      vars: {
        storage_driver: dockerVars.read(on.vars, on.host).docker_storage_driver ?? '',
        shutdown_seconds: isSlow(on) ? shutdownSeconds(on) : '',
      },
      notify: 'restart docker',
    }),
    systemdDropIn(on),
    dockerVars.read(on.vars, on.host).docker_source === 'docker-ce'
      ? dockerCe(on.facts, repositoryOf(on))
      : [
          apt('Install Docker', {
            name: distroPackages(releaseOf(on.facts)),
            update_cache: true,
            cache_valid_time: 3600,
            install_recommends: false,
          }),
        ],
    systemd('Start Docker', { name: 'docker', state: 'started', enabled: true, sets: [] }),
  ],
  (on) => ({
    // Enough for the drop-in; no restart needed.
    'reload systemd': systemd({ name: 'docker', daemon_reload: true }),
    // A daemon with other settings has the same objects, unless its storage is another.
    'restart docker': systemd({
      name: 'docker',
      state: 'restarted',
      ...(dockerVars.read(on.vars, on.host).docker_storage_driver === undefined ? { sets: [] } : {}),
    }),
  }),
)

/** Docker's repository, or the mirror that the variables name. */
function repositoryOf({ vars, host }: PlayContext): DockerRepository {
  const { docker_repo_url: url, docker_repo_fingerprint: fingerprint } = dockerVars.read(vars, host)
  return { url, fingerprint }
}

const releaseOf = (facts: PlayContext['facts']) => ({
  distribution: toText(facts.distribution ?? 'Debian'),
  release: toText(facts.distribution_release ?? ''),
})

const DROP_IN = '/etc/systemd/system/docker.service.d'

const isSlow = (on: PlayContext): boolean => timeoutMultiplierOf(on, [on.host]) > 1

/**
 * Shutdown timeout of the daemon; Docker's default is 15 s. A container that ignores its stop signal uses up 10 s. If
 * the daemon cannot remove its overlay networks in the rest, it exits anyway, and the leftovers (`error creating vxlan
 * interface: file exists`) break the routing mesh after its next start.
 */
const shutdownSeconds = (on: PlayContext): number => 15 * timeoutMultiplierOf(on, [on.host])

/** Default stop timeout of systemd, after which it kills the unit. */
const SYSTEMD_STOP_SECONDS = 90

/**
 * On slow machines, gives the daemon a higher CPU weight than its containers. Swarm nodes whose daemons do not answer
 * each other within two seconds (a fixed limit) mark each other as failed, and containers lose name resolution until
 * the nodes rejoin. Also raises systemd's stop timeout to match {@link shutdownSeconds}.
 */
function systemdDropIn(on: PlayContext) {
  if (!isSlow(on)) return []
  const content = `[Service]\nCPUWeight=10000\nTimeoutStopSec=${shutdownSeconds(on) + SYSTEMD_STOP_SECONDS}\n`
  return [
    file('Create systemd drop-in directory', { path: DROP_IN, state: 'directory', mode: '0755' }),
    copy('Set CPU weight and stop timeout of Docker', {
      content,
      dest: `${DROP_IN}/labbook.conf`,
      mode: '0644',
      notify: 'reload systemd',
    }),
  ]
}

const TOOLS = { overlay2: [], btrfs: ['btrfs-progs'], zfs: ['zfsutils-linux'] } as const

/** Only if docker_storage_driver is set; otherwise Docker chooses. */
function storage(on: PlayContext) {
  const vars = dockerVars.read(on.vars, on.host)
  const driver = vars.docker_storage_driver
  if (driver === undefined) return []
  // Default: the second disk of a lab node.
  const device = vars.docker_storage_device ?? (on.vars.lab_data_disk === undefined ? undefined : '/dev/vdb')
  if (driver !== 'overlay2' && device === undefined) {
    throw new PlaybookError(
      `${on.host}: docker_storage_driver ${driver} needs a dedicated disk: set docker_storage_device (for a lab node, lab_data_disk: 10G)`,
    )
  }
  return [
    TOOLS[driver].length > 0 &&
      apt(`Install ${driver} tools`, {
        name: [...TOOLS[driver]],
        update_cache: true,
        cache_valid_time: 3600,
        install_recommends: false,
      }),
    docker_storage('Prepare Docker storage', {
      driver,
      force: vars.docker_storage_force,
      ...(device === undefined ? {} : { device }),
    }),
  ]
}
