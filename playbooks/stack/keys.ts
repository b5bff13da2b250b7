/*
 * Compose keys that Swarm does not support, each with its replacement. Which are ignored and which refused follows
 * Docker's lists (docker/cli, cli/compose/types).
 */

/** Docker ignores these keys. */
export const IGNORED: Readonly<Record<string, string>> = {
  build: 'build the image, push it to a registry that all nodes can reach, and set "image"',
  cgroup_parent: 'remove it',
  cgroupns_mode: 'remove it',
  container_name: 'remove it: Swarm names the containers of a service',
  depends_on: 'Swarm starts all services at once; let the program retry until its dependencies are available',
  devices: 'run the service on the nodes that have the device (deploy.placement.constraints) and mount it as a volume',
  domainname: 'set the full name in "hostname"',
  expose: 'remove it: services in one network reach each other on any port',
  external_links: "put both services on one network and use the service's name",
  ipc: 'remove it',
  links: "put both services on one network and use the service's name, or an alias of it (networks.NAME.aliases)",
  mac_address: 'remove it',
  network_mode: 'use "networks"; for the host network: networks: [host], with host declared as an external network',
  pid: 'remove it',
  privileged: 'add the required capabilities to "cap_add"',
  restart: 'use deploy.restart_policy (default: always restart)',
  security_opt: 'remove it',
  shm_size: 'mount a tmpfs on /dev/shm (volumes: {type: tmpfs, target: /dev/shm, tmpfs: {size: ...}})',
  tmpfs: 'use a long mount (volumes: {type: tmpfs, target: /path, tmpfs: {size: ...}})',
  userns_mode: 'remove it',
}

/** Docker rejects a file with these keys. */
export const REFUSED: Readonly<Record<string, string>> = {
  attach: 'remove it',
  blkio_config: 'remove it',
  cpu_count: 'use deploy.resources.limits.cpus',
  cpu_percent: 'use deploy.resources.limits.cpus',
  cpu_period: 'use deploy.resources.limits.cpus',
  cpu_quota: 'use deploy.resources.limits.cpus',
  cpu_rt_period: 'remove it',
  cpu_rt_runtime: 'remove it',
  cpu_shares: 'use deploy.resources.limits.cpus',
  cpus: 'use deploy.resources.limits.cpus',
  cpuset: 'use deploy.resources.limits.cpus',
  develop: 'remove it: only Docker Compose supports it',
  dns_opt: 'remove it',
  extends: 'copy the keys, or share them with an anchor (&name, <<: *name)',
  gpus: 'use deploy.resources.reservations.generic_resources',
  group_add: 'set "user" to USER:GROUP',
  label_file: 'use "labels"',
  mem_limit: 'use deploy.resources.limits.memory',
  mem_reservation: 'use deploy.resources.reservations.memory',
  mem_swappiness: 'remove it',
  memswap_limit: 'remove it',
  oom_kill_disable: 'remove it',
  oom_score_adj: 'remove it',
  pids_limit: 'use deploy.resources.limits.pids',
  platform: 'use deploy.placement.constraints: [node.platform.arch == x86_64]',
  post_start: 'do it in the entrypoint',
  pre_stop: 'handle the stop signal in the program',
  profiles: 'move these services to a separate compose file',
  pull_policy: 'remove it: nodes pull missing images',
  runtime: 'remove it',
  scale: 'use deploy.replicas',
  storage_opt: 'remove it',
  uts: 'remove it',
  volume_driver: 'declare the volume under the top-level "volumes", with its driver',
  volumes_from: 'declare a volume under the top-level "volumes" and mount it in both services',
}

/** Top-level keys that Docker rejects. */
export const REFUSED_AT_TOP: Readonly<Record<string, string>> = {
  include: 'merge the files into one',
  models: 'remove it: only Docker Compose supports it',
  name: 'remove it, and set the stack name with -e name=...',
}
