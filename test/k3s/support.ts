import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { callMany, type Endpoint } from '../../playbooks/app/client.ts'
import type { TaskResult } from '../../src/run/events.ts'
import { machineState } from '../lab/machine.ts'
import { latestRun, runPlaybook, type PlaybookRun } from '../support/playbook.ts'
import { program } from '../support/programs.ts'

/*
 * What the tests with a real k3s share: a lab of three machines, the playbooks on it, and a look at what came of them.
 */

export const NODES = ['node1', 'node2', 'node3'] as const
type Node = (typeof NODES)[number]

const LAB = 'lbk3s'
/** Where the lab keeps what it must remember. */
export const labFolder = `/var/lib/labbook/${LAB}`
/** The context that the lab's cluster goes by on this machine: the lab's name. */
export const CONTEXT = LAB
/** Where the playbook puts the cluster's kubeconfig. */
const KUBECONFIG = `${labFolder}/k3s/kubeconfig.yaml`
export const addressOf = (node: Node): string => `10.88.0.1${node.slice(-1)}`
const HERE = '10.88.0.1'

/** Ends the test file, as one that has nothing to do, where a variable names no folder of k3s' files. */
export function folderOr(skipped: string, variable: string): string {
  const folder = process.env[variable]
  if (folder !== undefined && folder !== '') return path.resolve(folder)
  t.plan(0, `skipped: ${skipped}`)
  process.exit()
}
export const artifacts = (): string => folderOr('no k3s artifacts', 'LABBOOK_K3S_ARTIFACTS')

/** A folder of this test's own, and its lab. */
export interface Place {
  readonly folder: string
  /** The inventory as it is, or with other machines as servers and agents. */
  inventory(servers?: readonly Node[], agents?: readonly Node[]): string[]
  /** In place of the user's `~/.kube/config`. */
  readonly kubeconfig: string
  /** Takes the lab down, and looks that this machine is as it was. */
  gone(t: Test): Promise<void>
}

/** What a kubelet sets for the whole machine, as the kernel of the lab's nodes is this machine's. */
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

/** Takes away what a killed test has left; what this one makes goes at its end, however it ends. */
export async function place(): Promise<Place> {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-k3s-test-'))
  const kubeconfig = path.join(folder, 'kubeconfig')
  const whole = ['-i', 'test/k3s/inventory.yaml', '--yes']
  // Of all that is started from here: nothing reads or writes what the user has of that.
  process.env['KUBECONFIG'] = kubeconfig
  for (const kind of ['CACHE', 'CONFIG', 'DATA']) process.env[`HELM_${kind}_HOME`] = path.join(folder, 'helm', kind)
  const own = program('kubectl')
  // The machine's own kubectl comes first.
  if ('path' in own) process.env['PATH'] = `${process.env['PATH'] ?? ''}:${path.dirname(own.path)}`
  const down = () => runPlaybook('playbooks/lab.mjs', ['down', ...whole])
  await down()
  const [before, set] = [machineState(LAB), tunables()]
  const putBack = (): void => {
    for (const [file, value] of set) if (readFileSync(file, 'utf8').trim() !== value) writeFileSync(file, value)
  }
  t.teardown(async () => {
    await down()
    putBack()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    folder,
    kubeconfig,
    inventory(servers, agents = []) {
      if (servers === undefined) return whole
      const file = path.join(folder, `inventory-${servers.length}.yaml`)
      const all = parse(readFileSync(path.join(import.meta.dirname, 'inventory.yaml'), 'utf8')) as {
        all: { children: Record<string, unknown> }
      }
      const group = (hosts: readonly Node[]) => ({ hosts: Object.fromEntries(hosts.map((host) => [host, null])) })
      all.all.children['k3s_servers'] = group(servers)
      all.all.children['k3s_agents'] = group(agents)
      writeFileSync(file, stringify(all))
      return ['-i', file, '--yes']
    },
    async gone(t) {
      await succeeds(t, down())
      putBack()
      t.strictSame(machineState(LAB), before, 'the machine is as it was')
    },
  }
}

let failed: string | undefined

/**
 * A part of the file's one story. Each needs those before it: after one that fails, the others are shown as skipped,
 * and why; so is one for which something is missing.
 */
export function part(name: string, story: (t: Test) => Promise<void>, missing?: string): Promise<unknown> {
  const skip = failed === undefined ? missing : `not reached: "${failed}" failed`
  return t.test(name, skip === undefined ? {} : { skip: `skipped: ${skip}` }, async (t) => {
    try {
      await story(t)
    } catch (error) {
      failed = name
      throw error
    }
    if (!t.passing()) failed = name
  })
}

/** What `-e` is given, in a form in which no path is taken apart. */
export const vars = (values: Readonly<Record<string, unknown>>): string[] => ['-e', JSON.stringify(values)]

/** A playbook does what it is to do; where it does not, what it printed is part of the report. */
export async function succeeds(t: Test, run: Promise<PlaybookRun>): Promise<void> {
  const { exitCode, stdout, stderr } = await run
  if (!t.equal(exitCode, 0)) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
}

/** What the newest run found. */
export const findings = (): Record<string, boolean | null> =>
  Object.fromEntries(
    latestRun()
      .summary()
      .findings.map(({ id, holds }) => [id, holds]),
  )
export const WELL = { 'k3s.nodes.ready': true, 'k3s.pods.ready': true, 'k3s.app.answers': true, 'k3s.app.counts': true }

const results = (): TaskResult[] => latestRun().events.flatMap((event) => (event.type === 'result' ? [event] : []))
/** The tasks of the newest run that changed something, or in check mode would have. */
export const changed = (): TaskResult[] => results().filter(({ status }) => status === 'changed')
export const namesOf = (tasks: readonly TaskResult[]): string[] =>
  tasks.map(({ host, play, task }) => `${host}: ${play}: ${task}`)
/** What the newest run changed on the cluster, an object a line; pods that are waited for are no change. */
export const objectsChanged = (): string[] =>
  changed()
    .filter(({ module }) => module === 'k8s')
    .flatMap(({ changes }) => changes.map(({ description }) => description))
    .filter((line) => !line.startsWith('wait for '))
export const failures = (): string[] =>
  results()
    .filter(({ status }) => ['failed', 'unreachable'].includes(status))
    .map(({ host, task, message }) => `${host}: ${task}: ${message}`)

/** k3s was installed or started anew on these, in this order. */
export const touched = (): string[] => starts().map(({ host }) => host)
const starts = (): TaskResult[] => changed().filter(({ module }) => module === 'k3s')
/** None was begun before the one before was done, which is when its node was Ready. */
export const oneAtATime = (): boolean =>
  starts().every(({ start }, i, all) => i === 0 || Date.parse(start) >= Date.parse((all[i - 1] as TaskResult).time))

/** kubectl of this machine, with the kubeconfig that the playbook has brought. @returns what it printed. */
export function kubectl(...words: readonly string[]): string {
  return execFileSync('kubectl', ['--kubeconfig', KUBECONFIG, '--request-timeout=60s', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()
}

/** What each node has there, by the node's name: `{.status.nodeInfo.kubeletVersion}`. */
export const ofNodes = (field: string): Record<string, string> =>
  Object.fromEntries(
    kubectl('get', 'nodes', '-o', `jsonpath={range .items[*]}{.metadata.name}{" "}${field}{"\\n"}{end}`)
      .split('\n')
      .map((line) => {
        const [name = ''] = line.split(' ')
        return [name, line.slice(name.length + 1)]
      }),
  )
export const READY = '{.status.conditions[?(@.type=="Ready")].status}'

/** Helm with that kubeconfig. */
export const helm = (file: string, ...words: readonly string[]): string =>
  execFileSync(file, [...words, '--kubeconfig', KUBECONFIG], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

/** Looks again until something is so. @throws {Error} it never was; after so many seconds it never will be. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  seconds = 300,
): Promise<T> {
  let why: unknown = 'it was not so'
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(1000)) {
    try {
      const seen = await look()
      if (seen !== undefined) return seen
    } catch (error) {
      why = (error as { stderr?: string }).stderr ?? error
    }
  }
  throw new Error(`${what}: not within ${seconds} s: ${String(why)}`)
}

export const doors = (port = 8080, nodes: readonly Node[] = NODES): Endpoint[] =>
  nodes.map((node) => ({ host: addressOf(node), port, from: HERE }))

/** How far the app has counted, as all doors say; undefined where they do not agree, or one is shut. */
export async function countOf(through = doors()): Promise<number | undefined> {
  const { answers, errors } = await callMany(through, 'GET', '/api/counter', { total: through.length * 2, clients: 1 })
  const counts = new Set(answers.map(({ count }) => count))
  return errors.length === 0 && counts.size === 1 ? [...counts][0] : undefined
}

/** Increments, each of which must be acknowledged. @returns how far it has then counted. */
export async function count(t: Test, increments: number, through = doors()): Promise<number> {
  const before = await eventually('the app answers', () => countOf(through))
  const { errors } = await callMany(through, 'POST', '/api/counter/increment', { total: increments, clients: 4 })
  t.strictSame(errors, [], 'every increment is acknowledged')
  const after = await eventually('the app answers', () => countOf(through))
  t.equal(after - before, increments, 'and counted once')
  return after
}
