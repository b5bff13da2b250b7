import {
  apt,
  copy,
  docker_storage,
  onHosts,
  play,
  PlaybookError,
  slowdownOf,
  STORAGE_DRIVERS,
  systemd,
  template,
  file,
  type Disturbs,
  type PlayContext,
} from '../../src/labbook.ts'
import { dockerCe, sourceOf } from './docker-ce.ts'
import { DISTRO_PACKAGES } from './packages.ts'

const isForced = ({ docker_storage_force: force }: Readonly<Record<string, unknown>>): boolean =>
  force === true || force === 'true'

/** Only where it was forced; without that a machine that has data is refused. */
const erasesStorage: Disturbs = ({ hosts, hostvars }) =>
  onHosts(
    hosts.filter((host) => hostvars(host).docker_storage_driver !== undefined && isForced(hostvars(host))),
    "Docker's data, and what is on the disk for it, are erased where they are not as asked (docker_storage_force)",
  )

/**
 * Docker Engine from the distribution (`docker_source: distro`, the default: no key, no new repository, works without
 * the internet where a mirror does) or from Docker's own repository (`docker_source: docker-ce`).
 * `docker_storage_driver` says what its data lies on.
 */
export const docker = play(
  'Docker Engine',
  { hosts: 'docker', become: true, tags: 'docker', gather_facts: true, disturbs: erasesStorage },
  (on) => [
    file('Folder for the configuration', { path: '/etc/docker', state: 'directory', mode: '0755' }),
    storage(on),
    // Before the package, so that the daemon's first start reads it.
    template('Configure the daemon', {
      src: 'docker/daemon.json',
      dest: '/etc/docker/daemon.json',
      mode: '0644',
      vars: { storage_driver: driverOf(on) ?? '', shutdown_seconds: isSlow(on) ? shutdownSeconds(on) : '' },
      notify: 'restart docker',
    }),
    processorAndTime(on),
    sourceOf(on.vars.docker_source) === 'docker-ce'
      ? dockerCe(on.facts)
      : [
          apt('Install Docker', {
            name: DISTRO_PACKAGES,
            update_cache: true,
            cache_valid_time: 3600,
            install_recommends: false,
          }),
        ],
    systemd('Start Docker', { name: 'docker', state: 'started', enabled: true }),
  ],
  {
    // Enough for what the drop-in says; the daemon goes on.
    'read unit files': systemd({ name: 'docker', daemon_reload: true }),
    'restart docker': systemd({ name: 'docker', state: 'restarted' }),
  },
)

const DROP_IN = '/etc/systemd/system/docker.service.d'

const isSlow = (on: PlayContext): boolean => slowdownOf(on, [on.host]) > 1

/**
 * How long the daemon may take to end, where Docker itself says 15 s. Ten of them a container may use up that does not
 * hear its signal; a daemon that has not taken down its overlay networks in the others ends all the same, and what it
 * leaves of them (`error creating vxlan interface: file exists`) keeps its next start from the routing mesh.
 */
const shutdownSeconds = (on: PlayContext): number => 15 * slowdownOf(on, [on.host])

/** What systemd gives a unit to stop unless told otherwise, before it ends it by force. */
const SYSTEMD_STOP_SECONDS = 90

/**
 * Where a processor is slow the daemon gets it before the containers do. Nodes of a Swarm whose daemons do not answer
 * each other within two seconds, which nobody can set, take each other for lost, and until they meet again their
 * containers do not find each other. And systemd lets it end in its own time ({@link shutdownSeconds}).
 */
function processorAndTime(on: PlayContext) {
  if (!isSlow(on)) return []
  const content = `[Service]\nCPUWeight=10000\nTimeoutStopSec=${shutdownSeconds(on) + SYSTEMD_STOP_SECONDS}\n`
  return [
    file('Folder for what systemd is told of Docker', { path: DROP_IN, state: 'directory', mode: '0755' }),
    copy('Processor and time for the daemon', {
      content,
      dest: `${DROP_IN}/labbook.conf`,
      mode: '0644',
      notify: 'read unit files',
    }),
  ]
}

function driverOf({ vars }: PlayContext) {
  const { docker_storage_driver: asked } = vars
  const driver = STORAGE_DRIVERS.find((name) => name === asked)
  if (asked !== undefined && driver === undefined)
    throw new PlaybookError(`docker_storage_driver is overlay2, btrfs or zfs, not "${String(asked)}"`)
  return driver
}

const TOOLS = { overlay2: [], btrfs: ['btrfs-progs'], zfs: ['zfsutils-linux'] } as const

/** Only where it is asked for; else Docker takes what it finds. */
function storage(on: PlayContext) {
  const driver = driverOf(on)
  if (driver === undefined) return []
  // The second disk of a machine of the lab, where none is named.
  const device = on.vars.docker_storage_device ?? (on.vars.lab_data_disk === undefined ? undefined : '/dev/vdb')
  if (driver !== 'overlay2' && device === undefined) {
    throw new PlaybookError(
      `${on.host}: docker_storage_driver ${driver} needs a disk of its own: name it in docker_storage_device (a machine of the lab gets one with lab_data_disk: 10G)`,
    )
  }
  return [
    TOOLS[driver].length > 0 &&
      apt(`Tools of ${driver}`, {
        name: [...TOOLS[driver]],
        update_cache: true,
        cache_valid_time: 3600,
        install_recommends: false,
      }),
    docker_storage("What Docker's data lies on", {
      driver,
      force: isForced(on.vars),
      ...(device === undefined ? {} : { device: String(device) }),
    }),
  ]
}
