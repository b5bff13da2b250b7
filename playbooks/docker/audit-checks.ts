import type { PlainKey } from '../messages/say.ts'

/** A line of Docker's advice, and the script that checks it on a node. */
export interface AuditCheck {
  readonly id: string
  readonly area: 'security' | 'operations'
  readonly advice: PlainKey
  /** Where Docker gives the advice. */
  readonly source: string
  /** Prints what is not as advised, one item a line; nothing: the advice is followed. POSIX shell. */
  readonly script: string
  /** It is about the whole Swarm, so it is checked on a manager only. */
  readonly onManager?: true
}

/** Runs a template of `docker inspect` for each container, and prints the lines that match. */
const containers = (template: string, filter: string): string =>
  `docker ps -q | xargs -r docker inspect --format '${template}' | ${filter}`

const SECURITY = 'https://docs.docker.com/engine/security/'
const SWARM = 'https://docs.docker.com/engine/swarm/'

/** What Docker's documentation advises on security and operations, as far as it can be checked on a node. */
export const AUDIT_CHECKS: readonly AuditCheck[] = [
  {
    id: 'no-tcp',
    area: 'security',
    advice: 'The daemon has no TCP socket',
    source: `${SECURITY}protect-access/`,
    script: `grep -so '"tcp://[^"]*"' /etc/docker/daemon.json; tr '\\0' '\\n' </proc/$(pidof -s dockerd)/cmdline | grep 'tcp://'`,
  },
  {
    id: 'socket',
    area: 'security',
    advice: 'Only root and group docker may use the socket',
    source: `${SECURITY}#docker-daemon-attack-surface`,
    script: `stat -c '%a %U:%G %n' /run/docker.sock | grep -vE '^6[06]0 root:docker '`,
  },
  {
    id: 'daemon-json',
    area: 'security',
    advice: 'Only root may write daemon.json',
    source: SECURITY,
    script: `stat -c '%a %U %n' /etc/docker/daemon.json 2>/dev/null | grep -vE '^[0-7][0145][0145] root '`,
  },
  {
    id: 'privileged',
    area: 'security',
    advice: 'No container is privileged',
    source: `${SECURITY}#linux-kernel-capabilities`,
    script: containers('{{.Name}} {{.HostConfig.Privileged}}', `grep ' true$'`),
  },
  {
    id: 'host-namespaces',
    area: 'security',
    advice: 'No container shares the network, PID or IPC namespace of its host',
    source: `${SECURITY}#kernel-namespaces`,
    script: containers(
      '{{.Name}} {{.HostConfig.NetworkMode}} {{.HostConfig.PidMode}} {{.HostConfig.IpcMode}}',
      `grep -w host`,
    ),
  },
  {
    id: 'mounted-socket',
    area: 'security',
    advice: 'No container has the socket of the daemon',
    source: `${SECURITY}#docker-daemon-attack-surface`,
    script: containers('{{.Name}}{{range .Mounts}} {{.Source}}{{end}}', `grep docker.sock`),
  },
  {
    id: 'seccomp',
    area: 'security',
    advice: 'System calls are filtered (seccomp)',
    source: `${SECURITY}seccomp/`,
    script: `docker info --format '{{.SecurityOptions}}' | grep -v 'name=seccomp'`,
  },
  {
    id: 'root',
    area: 'security',
    advice: 'Processes in containers do not run as root',
    source: 'https://docs.docker.com/build/building/best-practices/#user',
    script: `for id in $(docker ps -q); do docker top "$id" -eo pid,uid,comm | awk -v name="$(docker inspect --format '{{.Name}}' "$id")" 'NR > 1 && $2 == 0 { print name, $3 }'; done | sort -u`,
  },
  {
    id: 'insecure-registries',
    area: 'security',
    advice: 'Registries are reached over TLS only',
    source: 'https://docs.docker.com/reference/cli/dockerd/#insecure-registries',
    script: `docker info --format '{{range .RegistryConfig.InsecureRegistryCIDRs}}{{println .}}{{end}}{{range $name, $index := .RegistryConfig.IndexConfigs}}{{if not $index.Secure}}{{println $name}}{{end}}{{end}}' | grep -vE '^(127\\.0\\.0\\.0/8|::1/128|)$'`,
  },
  {
    id: 'environment',
    area: 'security',
    advice: 'Passwords are secrets, not environment variables',
    source: `${SWARM}secrets/`,
    script: `docker ps -q | xargs -r docker inspect --format '{{$name := .Name}}{{range .Config.Env}}{{$name}} {{println .}}{{end}}' | sed 's/=.*//' | grep -iE '(PASSWORD|PASSWD|SECRET|TOKEN|API_KEY)$'`,
  },
  {
    id: 'logs',
    area: 'operations',
    advice: 'Log files of containers are limited',
    source: 'https://docs.docker.com/engine/logging/configure/',
    script: containers(
      '{{.Name}} {{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config "max-size"}}',
      `grep -E ' json-file $'`,
    ),
  },
  {
    id: 'memory',
    area: 'operations',
    advice: 'Containers have a memory limit',
    source: 'https://docs.docker.com/engine/containers/resource_constraints/',
    script: containers('{{.Name}} {{.HostConfig.Memory}}', `grep ' 0$'`),
  },
  {
    id: 'health',
    area: 'operations',
    advice: 'Containers have a health check',
    source: 'https://docs.docker.com/reference/dockerfile/#healthcheck',
    script: containers('{{.Name}} {{if .State.Health}}yes{{else}}none{{end}}', `grep ' none$'`),
  },
  {
    id: 'tags',
    area: 'operations',
    advice: 'Images have a tag other than latest, or a digest',
    source: 'https://docs.docker.com/build/building/best-practices/#pin-base-image-versions',
    script: containers('{{.Name}} {{.Config.Image}}', `grep -E ' ([^:@]*|.*/[^:@]*|.*:latest)$'`),
  },
  {
    id: 'disk',
    area: 'operations',
    advice: 'Less than 85 % of the disk of Docker are used',
    source: 'https://docs.docker.com/engine/manage-resources/pruning/',
    script: `df -P "$(docker info --format '{{.DockerRootDir}}')" | awk 'NR == 2 && $5 + 0 >= 85 { print $6, $5 }'`,
  },
  {
    id: 'boot',
    area: 'operations',
    advice: 'The daemon starts at boot',
    source: 'https://docs.docker.com/engine/install/linux-postinstall/#configure-docker-to-start-on-boot-with-systemd',
    script: `systemctl is-enabled docker.service | grep -v '^enabled$'`,
  },
  {
    id: 'managers',
    area: 'operations',
    advice: 'The number of managers is odd, and at least three',
    source: `${SWARM}admin_guide/#maintain-the-quorum-of-managers`,
    script: `docker node ls --filter role=manager --format '{{.Hostname}}' | awk 'END { if (NR < 3 || NR % 2 == 0) print NR " manager(s)" }'`,
    onManager: true,
  },
  {
    id: 'rollback',
    area: 'operations',
    advice: 'Services roll back a failed update',
    source: `${SWARM}swarm-tutorial/rolling-update/`,
    script: `docker service ls -q | xargs -r docker service inspect --format '{{.Spec.Name}} {{if .Spec.UpdateConfig}}{{.Spec.UpdateConfig.FailureAction}}{{else}}pause{{end}}' | grep -v ' rollback$'`,
    onManager: true,
  },
]
