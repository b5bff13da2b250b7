import {
  assert,
  type CommandValues,
  HOST_DIRECTORIES,
  type Reference,
  register,
  type Secret,
  sh,
  shell,
  type Task,
} from 'labbook'
import { adminCommand, stackReads } from './admin.ts'
import { nodesNeeded } from './settings.ts'
import { TOPOLOGIES, type Topology } from './vars.ts'

/*
 * The active topology, the one that has the data, is recorded in the Swarm in the name of a config:
 * counter-redis.<number>.<topology>; the highest number is valid. A switch copies all data while nothing writes, then
 * records the new topology. That record is one atomic step in Docker, and it is the switch: an interruption before it
 * leaves the data in the old topology, one after it in the new. So a later run only has to read the record.
 */

const STACK = 'counter'
const COUNTER = `${STACK}_counter`
const RECORD = 'counter-redis'

const CONFIGS = `docker config ls --format '{{.Name}}' --filter name=${RECORD}.`

/** Prints the recorded topology, or nothing without a record. Fails if Docker does not answer. */
export const RECORDED_TOPOLOGY = `configs=$(${CONFIGS}) || exit
printf '%s\\n' "$configs" | sed -n 's/^${RECORD}\\.\\([0-9]*\\)\\.\\([a-z]*\\)$/\\1 \\2/p' | sort -rn | sed -n '1s/.* //p'`

/** Prints the active topology: from the record, else from the running services; nothing if there is none. */
const DETECT = `noted=$(${RECORDED_TOPOLOGY}) || exit
if [ -n "$noted" ]; then echo "noted $noted"; exit; fi
services=$(docker service ls --format '{{.Name}}' --filter name=${STACK}_) || exit
has() { printf '%s\\n' "$services" | grep -qx "${STACK}_$1"; }
if has redis-cluster-1; then echo 'seen cluster'
elif has sentinel-1; then echo 'seen sentinel'
elif has redis-replica-1; then echo 'seen replicas'
elif has redis; then echo 'seen single'
fi`

const detected = register<CommandValues>('redis_has_data')
const topologyOf = ({ stdout }: CommandValues): string => stdout.split(' ')[1] ?? ''

/** Detects the active topology. */
export const detectTopology = (): Task =>
  shell('Detect active topology', { cmd: DETECT, read_only: true, register: detected, reads: stackReads })

/** Path of a topology's stack file on the manager. */
export const stackFileOf = (topology: Topology): string => `${HOST_DIRECTORIES.files}/stack/redis/${topology}.yml`

interface Switch {
  readonly to: Topology
  /** Topologies whose stack files are on the manager. */
  readonly possible: readonly Topology[]
  readonly image: Reference<string>
  readonly password: Reference<Secret>
}

/** Tasks that copy the data from the active topology to the requested one and record it as active. */
export function migrationTasks({ to, possible, image, password }: Switch): Task[] {
  const active = detected.map(topologyOf)
  return [
    assert('Check that the active topology can be migrated', {
      that: active.map((from) => from === '' || possible.some((topology) => topology === from)),
      fail_msg: active.map(
        (from) =>
          `topology ${from} is active and needs ${nodesNeeded(from as Topology)} nodes in group swarm to migrate its data: keep its nodes in the inventory until the switch is complete`,
      ),
    }),
    // Must precede the deployment of another topology, whose services would be detected as active.
    shell('Record active topology', {
      cmd: active.map((from) => recordCommand(from as Topology)),
      when: ({ value }) => value(detected).stdout.startsWith('seen '),
    }),
    ...possible
      .filter((from) => from !== to)
      .map((from) =>
        shell(`Migrate data from ${from} to ${to}`, {
          cmd: image.map((name) => switchScript(name, from, to)),
          stdin: password,
          when: ({ value }) => topologyOf(value(detected)) === from,
          timeout: 600,
        }),
      ),
    shell(`Record ${to} as active topology`, {
      cmd: recordCommand(to),
      when: ({ value }) => topologyOf(value(detected)) !== to,
    }),
  ]
}

/** Creates a record with the next number, then removes the older ones. */
const recordCommand = (to: Topology): string => `set -eu
last=$(docker config ls --format '{{.Name}}' --filter name=${RECORD}. | sed -n 's/^${RECORD}\\.\\([0-9]*\\)\\..*/\\1/p' | sort -n | tail -n 1)
new=${RECORD}.$((\${last:-0} + 1)).${to}
printf '%s\\n' ${to} | docker config create "$new" - >/dev/null
docker config ls --format '{{.Name}}' --filter name=${RECORD}. | grep -v -x -F "$new" | xargs -r docker config rm >/dev/null`

/** Scales the app to 0: nothing writes until the stack is deployed again. */
const STOP_APP = `if docker service inspect ${COUNTER} >/dev/null 2>&1; then
  docker service scale --detach ${COUNTER}=0 >/dev/null
  tries=0
  while tasks=$(docker service ps ${COUNTER} --format '{{.Name}} on {{.Node}}: {{.CurrentState}}') || exit
    running=$(printf '%s\\n' "$tasks" | grep -E ': (Running|Starting|Preparing|Ready) '); do
    tries=$((tries + 1))
    [ "$tries" -lt 90 ] || { printf 'the Counter app could not be stopped, so nothing was switched: %s\\n' "$running" >&2; exit 1; }
    sleep 1
  done
fi`

/** Stops all Sentinels, also those of an interrupted switch: they would override the choice of a new master. */
const STOP_SENTINELS = `sentinels=$(docker service ls --format '{{.Name}}' --filter name=${STACK}_sentinel-)
for sentinel in $sentinels; do docker service scale --detach "$sentinel=0" >/dev/null; done
for sentinel in $sentinels; do
  tries=0
  while tasks=$(docker service ps "$sentinel" --format '{{.CurrentState}}') || exit
    printf '%s\\n' "$tasks" | grep -qE '^(Running|Starting|Preparing|Ready) '; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { echo "$sentinel could not be stopped" >&2; exit 1; }
    sleep 1
  done
done`

const deployCommand = (topology: Topology): string =>
  sh`docker stack deploy --with-registry-auth --resolve-image never --compose-file ${stackFileOf(topology)} ${STACK} >/dev/null`

/** Name of the topology in `redis-admin.sh wait` and `look`. */
export const waitTargetOf = (topology: Topology): string => (topology === 'single' ? 'server' : topology)

/** Shell script of a switch. Every step is idempotent. */
export function switchScript(image: string, from: Topology, to: Topology): string {
  const admin = (topology: Topology, ...args: string[]): string =>
    `printf '%s\\n' "$password" | ${adminCommand(image, topology, args)}`
  const up = (topology: Topology): string[] => [
    deployCommand(topology),
    topology === 'cluster' ? admin(topology, 'form') : admin(topology, 'wait', waitTargetOf(topology)),
  ]
  const migrate = (): string[] => {
    if (to === 'cluster') return [...up(from), ...up(to), admin(from, 'copy', 'server', 'cluster')]
    if (from === 'cluster')
      return [
        ...up(from),
        ...(to === 'sentinel' ? [] : [STOP_SENTINELS]),
        ...up(to),
        admin(to, 'copy', 'cluster', 'server'),
      ]
    // Sentinels elect the most up-to-date server: replicate to all servers first.
    if (to === 'sentinel') return [...up(from), ...(from === 'single' ? up('replicas') : [])]
    if (from !== 'sentinel') return []
    // The first server must have all data before it becomes the only server or the permanent master.
    return [...up(from), STOP_SENTINELS, admin(from, 'promote', 'redis')]
  }
  return ['set -eu', 'IFS= read -r password', STOP_APP, ...migrate()].join('\n')
}

/** Whether a name is that of a topology. */
export const isTopology = (name: string): name is Topology => (TOPOLOGIES as readonly string[]).includes(name)
