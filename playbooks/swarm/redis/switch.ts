import {
  assert,
  register,
  shell,
  type CommandValues,
  type Reference,
  type Secret,
  type Task,
} from '../../../src/labbook.ts'
import { sh } from '../../../src/shell/quote.ts'
import { adminCommand } from './admin.ts'
import { nodesNeeded, TOPOLOGIES, type Topology } from './variables.ts'

/*
 * Which topology has the data is noted in the Swarm, in the name of a config: counter-redis.<number>.<topology>, and
 * the highest number counts. To switch is to bring all data over while nobody writes, and then to note the new
 * topology: that one step, which Docker does wholly or not at all, is the switch. Whatever is interrupted before it
 * left the data where it was; whatever is interrupted after it finds them in the new place. So a run that comes later
 * does the right thing by looking at the note.
 */

const STACK = 'counter'
const COUNTER = `${STACK}_counter`
const NOTE = 'counter-redis'

const CONFIGS = `docker config ls --format '{{.Name}}' --filter name=${NOTE}.`

/** Prints which topology has the data by the note; nothing where there is none. Fails where Docker does not tell. */
export const NOTED = `configs=$(${CONFIGS}) || exit
printf '%s\\n' "$configs" | sed -n 's/^${NOTE}\\.\\([0-9]*\\)\\.\\([a-z]*\\)$/\\1 \\2/p' | sort -rn | sed -n '1s/.* //p'`

/** Which topology has the data: as noted; else as the services show; empty where there is none yet. */
const LOOK = `noted=$(${NOTED}) || exit
if [ -n "$noted" ]; then echo "noted $noted"; exit; fi
services=$(docker service ls --format '{{.Name}}' --filter name=${STACK}_) || exit
has() { printf '%s\\n' "$services" | grep -qx "${STACK}_$1"; }
if has redis-cluster-1; then echo 'seen cluster'
elif has sentinel-1; then echo 'seen sentinel'
elif has redis-replica-1; then echo 'seen replicas'
elif has redis; then echo 'seen single'
fi`

const found = register<CommandValues>('redis_has_data')
const topologyIn = ({ stdout }: CommandValues): string => stdout.split(' ')[1] ?? ''

/** Which topology has the data now. */
export const lookWhere = (): Task =>
  shell('Which Redis has the count?', { cmd: LOOK, read_only: true, register: found })

/** Where the stack file of each topology is on the manager. */
export const stackFileOf = (topology: Topology): string => `/opt/labbook/stack/redis/${topology}.yml`

interface Switch {
  readonly to: Topology
  /** Those whose stack files are there. */
  readonly possible: readonly Topology[]
  readonly image: Reference<string>
  readonly password: Reference<Secret>
}

/** The data of whatever topology has them are brought to the one that is asked for, which is then noted. */
export function carriedOver({ to, possible, image, password }: Switch): Task[] {
  const has = found.map(topologyIn)
  return [
    assert('The Redis that has the count can be left', {
      that: has.map((from) => from === '' || possible.some((one) => one === from)),
      fail_msg: has.map(
        (from) =>
          `${from} has the count, and needs ${nodesNeeded(from as Topology)} nodes in group swarm to bring it over: name its nodes in the inventory until the switch is made`,
      ),
    }),
    // Before services of another topology are there, which would look as if they had it.
    shell('Note which Redis has the count', {
      cmd: has.map((from) => note(from as Topology)),
      when: ({ value }) => value(found).stdout.startsWith('seen '),
    }),
    ...possible
      .filter((from) => from !== to)
      .map((from) =>
        shell(`Bring the count from ${from} to ${to}`, {
          cmd: image.map((name) => script(name, from, to)),
          stdin: password,
          when: ({ value }) => topologyIn(value(found)) === from,
          timeout: 600,
        }),
      ),
    shell(`Note that ${to} has the count`, { cmd: note(to), when: ({ value }) => topologyIn(value(found)) !== to }),
  ]
}

/** A number more than the last, and only then the older ones go. */
const note = (to: Topology): string => `set -eu
last=$(docker config ls --format '{{.Name}}' --filter name=${NOTE}. | sed -n 's/^${NOTE}\\.\\([0-9]*\\)\\..*/\\1/p' | sort -n | tail -n 1)
new=${NOTE}.$((\${last:-0} + 1)).${to}
printf '%s\\n' ${to} | docker config create "$new" - >/dev/null
docker config ls --format '{{.Name}}' --filter name=${NOTE}. | grep -v -x -F "$new" | xargs -r docker config rm >/dev/null`

/** Nobody writes from here on until the stack is deployed. */
const PAUSED = `if docker service inspect ${COUNTER} >/dev/null 2>&1; then
  docker service scale --detach ${COUNTER}=0 >/dev/null
  tries=0
  while tasks=$(docker service ps ${COUNTER} --format '{{.Name}} on {{.Node}}: {{.CurrentState}}') || exit
    running=$(printf '%s\\n' "$tasks" | grep -E ': (Running|Starting|Preparing|Ready) '); do
    tries=$((tries + 1))
    [ "$tries" -lt 90 ] || { printf 'the Counter app could not be stopped, so nothing was switched: %s\\n' "$running" >&2; exit 1; }
    sleep 1
  done
fi`

/**
 * Sentinels, also those of a switch that was interrupted, would have it their way: they are gone before another master
 * is chosen.
 */
const WITHOUT_SENTINELS = `sentinels=$(docker service ls --format '{{.Name}}' --filter name=${STACK}_sentinel-)
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

const deployed = (topology: Topology): string =>
  sh`docker stack deploy --with-registry-auth --resolve-image never --compose-file ${stackFileOf(topology)} ${STACK} >/dev/null`

/** What is looked at and waited for under the name of the topology. */
export const shapeOf = (topology: Topology): string => (topology === 'single' ? 'server' : topology)

/** The text of a switch. Each of its steps may be done again. */
export function script(image: string, from: Topology, to: Topology): string {
  const admin = (topology: Topology, ...words: string[]): string =>
    `printf '%s\\n' "$password" | ${adminCommand(image, topology, words)}`
  const up = (topology: Topology): string[] => [
    deployed(topology),
    topology === 'cluster' ? admin(topology, 'form') : admin(topology, 'wait', shapeOf(topology)),
  ]
  const bring = (): string[] => {
    if (to === 'cluster') return [...up(from), ...up(to), admin(from, 'copy', 'server', 'cluster')]
    if (from === 'cluster')
      return [
        ...up(from),
        ...(to === 'sentinel' ? [] : [WITHOUT_SENTINELS]),
        ...up(to),
        admin(to, 'copy', 'cluster', 'server'),
      ]
    // Sentinels choose the newest of what is there: all have it before.
    if (to === 'sentinel') return [...up(from), ...(from === 'single' ? up('replicas') : [])]
    if (from !== 'sentinel') return []
    // The first server has all of it before it is the only one, or the master for good.
    return [...up(from), WITHOUT_SENTINELS, admin(from, 'promote', 'redis')]
  }
  return ['set -eu', 'IFS= read -r password', PAUSED, ...bring()].join('\n')
}

/** Is it the name of a topology? */
export const isTopology = (word: string): word is Topology => (TOPOLOGIES as readonly string[]).includes(word)
