import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { callMany } from '../../playbooks/app/client.ts'
import type { Endpoint } from '../../playbooks/shared/http-request.ts'
import type { TaskResult } from '../../src/events/events.ts'
import { machineState } from '../lab/machine.ts'
import { runPlaybook } from '../support/playbook.ts'
import { program } from '../support/programs.ts'
import { assertSucceeds, changed, waitFor } from './results.ts'

/*
 * Shared by the tests with a real k3s: a lab of three nodes, the playbooks, and their results.
 */

export const NODES = ['node1', 'node2', 'node3'] as const
type Node = (typeof NODES)[number]

/** The labs of the test files: each has its own name and subnet, so that any of them may run at the same time. */
const LABS = { app: 1, k3s: 2, servers: 3, upgrade: 4, prove: 5 } as const
const FILE = path.basename(process.argv[1] ?? '', '.test.ts') as keyof typeof LABS
/** Of an interface's name. */
const LAB = `lbk3s${FILE.slice(0, 1)}`
const NET = `10.88.${LABS[FILE]}`
/** State directory of the lab. */
export const labDirectory = `/var/lib/labbook/${LAB}`
/** kubectl context of the lab's cluster: the lab's name. */
export const CONTEXT = LAB
/** Kubeconfig that the playbook writes. */
const KUBECONFIG = `${labDirectory}/k3s/kubeconfig.yaml`
export const addressOf = (node: Node): string => `${NET}.1${node.slice(-1)}`
const HERE = `${NET}.1`

/** What a lab could leave behind on this machine, of this lab alone: others may start and stop beside it. */
const remains = (): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(machineState(LAB)).map(([kind, lines]) => [
      kind,
      lines.filter((line) => line.includes(LAB) || line.includes(`${NET}.`)),
    ]),
  )

/** Skips the test file if a variable names no directory of k3s artifacts. */
export function directoryFrom(skipped: string, variable: string): string {
  const folder = process.env[variable]
  if (folder !== undefined && folder !== '') return path.resolve(folder)
  t.plan(0, `skipped: ${skipped}`)
  process.exit()
}
export const artifacts = (): string => directoryFrom('no k3s artifacts', 'LABBOOK_K3S_ARTIFACTS')
/** Components of k3s whose images the artifacts lack, such as traefik: the clusters of the tests disable them. */
const DISABLED = (process.env['LABBOOK_K3S_DISABLE'] ?? '').split(',').filter((name) => name !== '')
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  traefik: ['k3s.ingress.answers'],
  'metrics-server': ['k3s.hpa.scales-out', 'k3s.hpa.scales-in'],
}
/** Findings that are inconclusive without the disabled components. */
export const inconclusive = (): string[] => DISABLED.flatMap((name) => NEEDS[name] ?? [])

/** A temporary directory, and the lab of the test. */
export interface TestLab {
  readonly directory: string
  /** The inventory, optionally with other servers and agents. */
  inventory(servers?: readonly Node[], agents?: readonly Node[]): string[]
  /** Replaces the user's `~/.kube/config`. */
  readonly kubeconfig: string
  /** Removes the lab, and asserts that nothing of it remains. */
  remove(t: Test): Promise<void>
}

/** Kernel parameters that a kubelet sets; lab nodes share this machine's kernel. */
const TUNABLES = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
].map((name) => `/proc/sys/${name}`)
const tunables = (): [file: string, value: string][] =>
  TUNABLES.filter((file) => existsSync(file)).map((file) => [file, readFileSync(file, 'utf8').trim()])

/** Removes leftovers of a killed test, and cleans up at the end of this one. */
export async function createTestLab(): Promise<TestLab> {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-k3s-test-'))
  const kubeconfig = path.join(folder, 'kubeconfig')
  const inventoryFile = path.join(folder, 'inventory.yaml')
  const template = readFileSync(path.join(import.meta.dirname, 'inventory.yaml'), 'utf8')
    .replaceAll('LAB', LAB)
    .replaceAll('NET', NET)
    .replaceAll('DISABLED', JSON.stringify(DISABLED))
  writeFileSync(inventoryFile, template)
  const options = ['-i', inventoryFile, '--yes']
  // Keeps all child processes away from the user's files.
  process.env['KUBECONFIG'] = kubeconfig
  for (const kind of ['CACHE', 'CONFIG', 'DATA']) process.env[`HELM_${kind}_HOME`] = path.join(folder, 'helm', kind)
  const bundledKubectl = program('kubectl')
  // The machine's own kubectl comes first.
  if ('path' in bundledKubectl)
    process.env['PATH'] = `${process.env['PATH'] ?? ''}:${path.dirname(bundledKubectl.path)}`
  const down = () => runPlaybook('playbooks/lab.mjs', ['down', ...options])
  await down()
  const [before, parameters] = [remains(), tunables()]
  const restoreTunables = (): void => {
    for (const [file, value] of parameters) if (readFileSync(file, 'utf8').trim() !== value) writeFileSync(file, value)
  }
  t.teardown(async () => {
    await down()
    restoreTunables()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    directory: folder,
    kubeconfig,
    inventory(servers, agents = []) {
      if (servers === undefined) return options
      const file = path.join(folder, `inventory-${servers.length}.yaml`)
      const all = parse(template) as {
        all: { children: Record<string, unknown> }
      }
      const group = (hosts: readonly Node[]) => ({ hosts: Object.fromEntries(hosts.map((host) => [host, null])) })
      all.all.children['k3s_servers'] = group(servers)
      all.all.children['k3s_agents'] = group(agents)
      writeFileSync(file, stringify(all))
      return ['-i', file, '--yes']
    },
    async remove(t) {
      await assertSucceeds(t, down())
      restoreTunables()
      t.strictSame(remains(), before, 'nothing of the lab remains')
    },
  }
}

export const HEALTHY = {
  'k3s.nodes.ready': true,
  'k3s.pods.ready': true,
  'k3s.app.answers': true,
  'k3s.app.counts': true,
}

/** Hosts on which k3s was installed or restarted, in order. */
export const restartedHosts = (): string[] => starts().map(({ host }) => host)
const starts = (): TaskResult[] => changed().filter(({ module }) => module === 'k3s')
/** Whether each node was Ready before the next one started. */
export const oneAtATime = (): boolean =>
  starts().every(({ start }, i, all) => i === 0 || Date.parse(start) >= Date.parse((all[i - 1] as TaskResult).time))

/** Runs kubectl with the kubeconfig of the playbook. @returns its output. */
export function kubectl(...args: readonly string[]): string {
  return execFileSync('kubectl', ['--kubeconfig', KUBECONFIG, '--request-timeout=60s', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}

/** A field of each node, by node name, such as `{.status.nodeInfo.kubeletVersion}`. */
export const nodeFields = (field: string): Record<string, string> =>
  Object.fromEntries(
    kubectl('get', 'nodes', '-o', `jsonpath={range .items[*]}{.metadata.name}{" "}${field}{"\\n"}{end}`)
      .split('\n')
      .map((line) => {
        const [name = ''] = line.split(' ')
        return [name, line.slice(name.length + 1)]
      }),
  )
export const READY = '{.status.conditions[?(@.type=="Ready")].status}'

/** Runs Helm with that kubeconfig. */
export const helm = (file: string, ...args: readonly string[]): string =>
  execFileSync(file, [...args, '--kubeconfig', KUBECONFIG], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

export const appEndpoints = (port = 8080, nodes: readonly Node[] = NODES): Endpoint[] =>
  nodes.map((node) => ({ host: addressOf(node), port, from: HERE }))

/** The count of the app; undefined if endpoints disagree or one does not respond. */
export async function readCount(targets = appEndpoints()): Promise<number | undefined> {
  const { answers, errors } = await callMany(targets, 'GET', '/api/counter', { total: targets.length * 2, clients: 1 })
  const counts = new Set(answers.map(({ count }) => count))
  return errors.length === 0 && counts.size === 1 ? [...counts][0] : undefined
}

/** Sends increments and asserts that each is acknowledged and counted once. @returns the new count. */
export async function incrementBy(t: Test, increments: number, targets = appEndpoints()): Promise<number> {
  const before = await waitFor('the app answers', () => readCount(targets))
  const { errors } = await callMany(targets, 'POST', '/api/counter/increment', { total: increments, clients: 4 })
  t.strictSame(errors, [], 'every increment is acknowledged')
  const after = await waitFor('the app answers', () => readCount(targets))
  t.equal(after - before, increments, 'every acknowledged increment is counted once')
  return after
}
