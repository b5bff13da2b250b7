/*
 * Keys of compose files that mean something to Docker Compose and not to a Swarm. What Docker does with each is in its
 * own lists (docker/cli, cli/compose/types); what to write in its place is ours.
 */

/** Docker leaves them out and goes on. */
export const IGNORED: Readonly<Record<string, string>> = {
  build: 'a Swarm builds nothing: build the image, push it to a registry all nodes reach, and name it in "image"',
  cgroup_parent: 'leave it out',
  cgroupns_mode: 'leave it out',
  container_name: 'leave it out: a service has as many containers as it has tasks, and Swarm names them',
  depends_on: 'Swarm starts all services at once: let the program try again until what it needs is there',
  devices: 'run the service on the nodes that have the device (deploy.placement.constraints) and mount it as a volume',
  domainname: 'write the whole name in "hostname"',
  expose: 'leave it out: services of one network reach each other on any port',
  external_links: "put both services on one network and use the service's name",
  ipc: 'leave it out',
  links: "put both services on one network and use the service's name, or an alias of it (networks.NAME.aliases)",
  mac_address: 'leave it out',
  network_mode:
    'use "networks"; for the network of the node itself: networks: [host], with host as an external network',
  pid: 'leave it out',
  privileged: 'name the rights it needs in "cap_add"',
  restart: 'use deploy.restart_policy; without one, Swarm restarts whatever ends',
  security_opt: 'leave it out',
  shm_size: 'mount a tmpfs on /dev/shm (volumes: {type: tmpfs, target: /dev/shm, tmpfs: {size: ...}})',
  userns_mode: 'leave it out',
}

/** Docker refuses a file that has them. */
export const REFUSED: Readonly<Record<string, string>> = {
  attach: 'leave it out',
  blkio_config: 'leave it out',
  cpu_count: 'use deploy.resources.limits.cpus',
  cpu_percent: 'use deploy.resources.limits.cpus',
  cpu_period: 'use deploy.resources.limits.cpus',
  cpu_quota: 'use deploy.resources.limits.cpus',
  cpu_rt_period: 'leave it out',
  cpu_rt_runtime: 'leave it out',
  cpu_shares: 'use deploy.resources.limits.cpus',
  cpus: 'use deploy.resources.limits.cpus',
  cpuset: 'use deploy.resources.limits.cpus',
  develop: 'leave it out: it is for Docker Compose alone',
  dns_opt: 'leave it out',
  extends: 'write the service out, or share its parts by an anchor (&name, <<: *name)',
  gpus: 'use deploy.resources.reservations.generic_resources',
  group_add: 'give "user" as USER:GROUP',
  label_file: 'use "labels"',
  mem_limit: 'use deploy.resources.limits.memory',
  mem_reservation: 'use deploy.resources.reservations.memory',
  mem_swappiness: 'leave it out',
  memswap_limit: 'leave it out',
  oom_kill_disable: 'leave it out',
  oom_score_adj: 'leave it out',
  pids_limit: 'use deploy.resources.limits.pids',
  platform: 'use deploy.placement.constraints: [node.platform.arch == x86_64]',
  post_start: 'let the program do it when it starts',
  pre_stop: 'let the program do it when it gets the stop signal',
  profiles: 'leave it out, and keep such services in a file of their own',
  pull_policy: 'leave it out: nodes pull what they lack',
  runtime: 'leave it out',
  scale: 'use deploy.replicas',
  storage_opt: 'leave it out',
  uts: 'leave it out',
  volume_driver: 'declare the volume under the top-level "volumes", with its driver',
  volumes_from: 'declare a volume under the top-level "volumes" and mount it in both services',
}

/** The same at the file's top. */
export const REFUSED_AT_TOP: Readonly<Record<string, string>> = {
  include: 'write it all in one file',
  models: 'leave it out: it is for Docker Compose alone',
  name: "leave it out and give the stack's name with -e name=...",
}
