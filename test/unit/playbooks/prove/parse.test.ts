import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { messageText } from 'labbook'
import { ROOT } from '../../../../playbooks/app/images/table.ts'
import { imageName, imageRegistry } from '../../../../playbooks/prove/databases.ts'
import { healthPath } from '../../../../playbooks/prove/entry-points.ts'
import { parseListening } from '../../../../playbooks/prove/experiments/health-candidate.ts'
import { replacementTime } from '../../../../playbooks/methods/replacement-time.ts'
import { composeData, modelOfCompose } from '../../../../playbooks/prove/from-compose.ts'
import { modelOfServices } from '../../../../playbooks/prove/from-services.ts'
import { parseTasks } from '../../../../playbooks/methods/tasks.ts'
import { matchingNodes, parseNodeAttributes } from '../../../../playbooks/prove/swarm-nodes.ts'
import { endOf } from '../../../../playbooks/methods/updates.ts'
import { inEnglish } from '../../../support/in-english.ts'

const recorded = (name: string): string =>
  readFileSync(path.join(ROOT, 'test/unit/playbooks/prove/recorded', name), 'utf8')

t.test('a running stack has the same model as its compose file', async (t) => {
  const text = readFileSync(path.join(ROOT, 'examples/voting/compose.yaml'), 'utf8')
  const compose = modelOfCompose(composeData(text)).services
  const running = modelOfServices('voting', recorded('services.json'), compose)
  for (const service of running.services) {
    const own = compose.find(({ name }) => name === service.name)
    // Docker has the images by digest, and names volumes of the stack after it.
    const { image: _image, environment: _environment, roleReason: _reason, mounts, ...settings } = own ?? {}
    t.same(
      service.mounts.map(({ source }) => source.replace('voting_', '')),
      mounts?.map(({ source }) => source),
    )
    // Recorded before the file set its failure action.
    t.match(service, { ...settings, failureAction: service.failureAction, dependencies: [] }, service.name)
  }
  t.same(running.services.map(({ name }) => name).sort(), ['db', 'front', 'vote'])
  t.match(inEnglish(running.entryPoints), [{ service: 'front', port: 8091, mode: 'host', reason: 'x-labbook' }])
})

t.test('without the compose file, what it alone has is derived', async (t) => {
  const { services, entryPoints } = modelOfServices('voting', recorded('services.json'))
  t.same(services.map(({ name, role }) => `${name} ${role}`).sort(), ['db stateful', 'front global', 'vote stateless'])
  t.match(inEnglish(entryPoints), [{ probes: [{ kind: 'http', path: '/' }], reason: 'guess' }])
})

t.test('nodes that match constraints', async (t) => {
  const nodes = parseNodeAttributes(recorded('nodes.json'))
  const matching = (...constraints: string[]): string[] =>
    matchingNodes(nodes, constraints)
      .map(({ hostname }) => hostname)
      .sort()
  t.same(matching(), ['node1', 'node2', 'node3'])
  t.same(matching('node.labels.redis == true'), ['node1'])
  t.same(matching('node.labels.redis != true'), ['node2', 'node3'])
  t.same(matching('node.role==worker', 'node.hostname != NODE2'), ['node3'])
  t.same(matching('node.platform.os == windows'), [])
})

t.test('tasks, with those that were replaced', async (t) => {
  const stdout = [
    'a1\tvoting_vote.1\tnode2\tRunning\tRunning 5 seconds ago\t',
    'a2\t \\_ voting_vote.1\tnode3\tShutdown\tFailed 9 seconds ago\t"task: non-zero exit (137)"',
    'a3\tvoting_vote.2\t\tRunning\tPending 2 seconds ago\t"no suitable node (max replicas per node limit exceed)"',
    '',
  ].join('\n')
  t.match(parseTasks(stdout), [
    { id: 'a1', name: 'voting_vote.1', node: 'node2', desired: 'running', state: 'running', error: '' },
    { id: 'a2', name: 'voting_vote.1', state: 'failed', error: 'task: non-zero exit (137)' },
    { id: 'a3', node: '', state: 'pending', error: 'no suitable node (max replicas per node limit exceed)' },
  ])
})

t.test('time in which a health check replaces a container that hangs', async (t) => {
  const of = (check: unknown): number | undefined => replacementTime(JSON.stringify(check))
  t.equal(of(null), undefined)
  t.equal(replacementTime(''), undefined)
  t.equal(of({ Test: ['NONE'] }), undefined)
  t.equal(of({ Interval: 1e9 }), undefined)
  t.equal(of({ Test: ['CMD', 'x'], Interval: 2e9, Timeout: 3e9, Retries: 3 }), 65)
  t.equal(of({ Test: ['CMD-SHELL', 'x'] }), 285, "Docker's defaults")
  t.equal(of({ Test: ['CMD-SHELL', 'x'], Interval: 600e9 }), 600, 'no longer than ten minutes')
})

t.test('ports on which a container listens', async (t) => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 10001        0 1 1 0 100 0 0 10 0',
    '   1: 0B00007F:9A3B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0',
    '   2: 0100007F:0050 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0',
    '   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0',
    '   1: 00000000000000000000000000000000:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:0 0',
  ].join('\n')
  t.same(parseListening(table), [81, 8080], "without Docker's resolver and connections")
})

t.test('the path of a health check', async (t) => {
  t.equal(healthPath('curl -f http://localhost:8080/health?x=1 || exit 1', 8080), '/health?x=1')
  t.equal(healthPath("wget -q --spider 'http://127.0.0.1/ready'", 80), '/ready')
  t.equal(healthPath('curl http://localhost:8080', 8080), '/')
  t.equal(healthPath('curl http://localhost:9000/health', 8080), undefined, 'another port')
  t.equal(healthPath('curl http://db:8080/health', 8080), undefined, 'another host')
})

t.test('names and registries of images', async (t) => {
  t.equal(imageName('registry:5000/library/Redis:7@sha256:0'), 'redis')
  t.equal(imageName('${IMAGE_VOTING_DB}'), 'voting-db')
  t.same(imageRegistry('10.77.0.11:5000/a/b:1'), { host: '10.77.0.11', port: 5000 })
  t.same(imageRegistry('ghcr.io/a/b'), { host: 'ghcr.io', port: 443 })
  t.same(imageRegistry('a/b:1'), { host: 'registry-1.docker.io', port: 443 })
  t.same(imageRegistry('nginx'), { host: 'registry-1.docker.io', port: 443 })
})

t.test('how an update ended is said once', async (t) => {
  const text = (state: string, error = ''): string => messageText(endOf({ state, took: 9.7, error }))
  t.equal(text('rollback_completed rollback completed'), 'rollback completed after 9.7 s')
  t.equal(text('updating update in progress\n', 'no suitable node'), 'update in progress after 9.7 s: no suitable node')
  t.equal(text('none'), 'none after 9.7 s')
  t.equal(text(''), 'no update after 9.7 s')
})
