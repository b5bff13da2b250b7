import type { Test } from 'tap'
import type { TaskResult } from '../../src/events/events.ts'
import { sh } from '../../src/shell/quote.ts'
import { LAB_FOLDER, NODE_ADDRESSES, PROVISIONED, provision, results, site, startStory, succeeds } from './site.ts'
import { sshTo } from './machine.ts'

/*
 * Check mode on a cluster that someone has changed by hand: what it predicts, beside what the run then does. Each case
 * changes several things at once.
 */

const [NODE1, NODE2, NODE3] = NODE_ADDRESSES
const { run } = sshTo(LAB_FOLDER)
const asRoot = (address: string, script: string): string => run(address, sh`sudo sh -c ${script}`)

/** At least this share of the changes that the run makes is predicted as a change, in percent. */
const PREDICTED = 90
/** At most this share of the tasks is unknown, in percent. */
const UNKNOWN = 10

const CASES: Readonly<Record<string, readonly (readonly [address: string, script: string])[]>> = {
  'a worker left, scaled service, changed label, no CA file, edited daemon.json, killed daemon': [
    [NODE3, 'docker swarm leave'],
    [NODE1, 'docker service scale --detach counter_counter=2; docker node update --label-rm redis node1'],
    [NODE1, 'rm /usr/local/share/ca-certificates/labbook.crt'],
    [NODE2, `sed -i 's/{/{ "debug": true,/' /etc/docker/daemon.json; kill -9 $(cat /run/docker.pid)`],
  ],
  'no registry container, edited registry configuration, no login on a worker': [
    [NODE1, 'docker rm -f labbook-registry; echo "# edited" >>/etc/labbook/registry/config.yml'],
    [NODE2, 'rm -f /root/.docker/config.json'],
  ],
  'edited stack file, changed limits, no gateway service': [
    [NODE1, 'docker service rm counter_gateway; docker service update --detach --limit-cpu 0.3 counter_counter'],
    [NODE1, 'echo "# edited" >>/opt/labbook/stack/counter.yml'],
  ],
  'drained node, daemon disabled, CA files of two nodes edited': [
    [NODE1, 'docker node update --availability drain node3'],
    [NODE2, 'systemctl disable docker; echo x >>/etc/docker/certs.d/10.79.0.11:5000/ca.crt'],
    [NODE3, 'echo x >>/usr/local/share/ca-certificates/labbook.crt'],
  ],
  'removed stack, a promoted worker, a missing build file': [
    [NODE1, 'docker stack rm counter; docker node promote node2; rm -r /opt/labbook/app/core/counter'],
  ],
}

const { step, down } = await startStory()
provision(step)

for (const [name, drift] of Object.entries(CASES)) {
  void step(
    name,
    async (t) => {
      for (const [address, script] of drift) asRoot(address, script)
      await succeeds(t, site('--check'))
      const predicted = results()
      await succeeds(t, site())
      compare(t, predicted, results())
      await succeeds(t, site('--check'))
      t.same(named(results(), 'changed'), [], 'check mode after the run predicts no change')
    },
    [PROVISIONED],
  )
}

down()

const nameOf = ({ host, play, task }: TaskResult): string => `${host}: ${play}: ${task}`
const named = (list: readonly TaskResult[], status: string): string[] =>
  list.filter((result) => result.status === status).map(nameOf)

function compare(t: Test, predicted: readonly TaskResult[], done: readonly TaskResult[]): void {
  const changes = named(done, 'changed')
  const expected = new Set(named(predicted, 'changed'))
  const unknown = named(predicted, 'unknown')
  t.comment(`${changes.length} changes, ${expected.size} predicted, ${unknown.length} of ${predicted.length} unknown`)
  t.comment(
    predicted
      .filter(({ status }) => status === 'unknown')
      .map((result) => `${nameOf(result)}: ${result.message ?? ''}`)
      .join('\n'),
  )
  t.same(
    [...expected].filter((name) => !changes.includes(name)),
    [],
    'the run makes every predicted change',
  )
  t.same(
    changes.filter((name) => !expected.has(name) && !unknown.includes(name)),
    [],
    'the run makes no change that was predicted as ok',
  )
  const share = (part: number, all: number): number => (100 * part) / Math.max(1, all)
  t.ok(
    share(changes.filter((name) => expected.has(name)).length, changes.length) >= PREDICTED,
    `check mode predicts ${PREDICTED} % of the changes`,
  )
  t.ok(share(unknown.length, predicted.length) <= UNKNOWN, `at most ${UNKNOWN} % of the tasks are unknown`)
}
