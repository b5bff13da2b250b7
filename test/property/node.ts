import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { labDown, labUp } from '../../playbooks/lab/lab.ts'
import { withLocalhost } from '../../src/cli/localhost.ts'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { parseInventory, type Inventory } from '../../src/inventory/index.ts'
import type { Subscriber, TaskResult } from '../../src/events/events.ts'
import { play, type PlaybookStep } from '../../src/playbook/play.ts'
import { run, type RunResult as Outcome } from '../../src/runner/run.ts'
import { testRelease } from '../support/release.ts'
import { taskOf, type TaskSpec } from './task-spec.ts'

/** Name and subnet of a test lab: labs with different ones can run at the same time. */
export interface LabPlace {
  /** Up to 9 lower-case letters and digits. */
  readonly name: string
  /** The first three octets of a /24: `10.83.0`. */
  readonly net: string
  /** `1G`; default: no limit. */
  readonly memory?: string
}

/** Results of a run on the node. */
export interface RunResult extends Outcome {
  /** One for each task that was reached, in order. */
  readonly results: readonly TaskResult[]
}

/** A real system to test on: namespaces with systemd and sshd, created by the lab's plays. */
export interface PropertyNode {
  readonly place: LabPlace
  /** Directory of the controller's files that tasks name (`src`); removed at the end. */
  readonly root: string
  /**
   * Runs a script on the node as root, without Labbook: to create start states and check results.
   * @throws {Error} if it fails.
   */
  sh(script: string): string
  /** Like {@link sh}, for scripts that may fail. */
  try(script: string): { readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  /**
   * Current PID of the node's init on this machine: `nsenter --net --target` starts a server on the node's loopback.
   */
  readonly pid: number
}

const NODE = 'node1'

const inventoryOf = ({ name, net, memory }: LabPlace): Inventory => {
  const dir = `/var/lib/labbook/${name}`
  const text = `
all:
  hosts:
    ${NODE}: {ansible_host: ${net}.11}
  vars:
    ansible_user: ops
    ansible_ssh_private_key_file: ${dir}/id_ed25519
    ansible_become: true
    ansible_ssh_common_args: -o UserKnownHostsFile=${dir}/known_hosts -o BindAddress=${net}.1
    lab_provider: namespaces
    lab_name: ${name}
    lab_dir: ${dir}
    lab_subnet: ${net}.0/24
${testRelease === undefined ? '' : `    lab_release: ${testRelease}\n`}${memory === undefined ? '' : `    lab_memory: ${memory}\n`}`
  return withLocalhost(parseInventory({ main: { path: 'inventory.yaml', text } }))
}

/** Runs steps on the lab's inventory with the real runner over real connections. */
async function runSteps(
  place: LabPlace,
  root: string,
  steps: readonly PlaybookStep[],
  check: boolean,
  also: Subscriber = () => undefined,
): Promise<RunResult> {
  const inventory = inventoryOf(place)
  const results: TaskResult[] = []
  const outcome = await run({
    playbook: 'property',
    version: '0',
    argv: [],
    steps,
    inventory,
    hosts: [...inventory.hosts.keys()],
    check,
    forks: 5,
    tags: { tags: [], skipTags: [] },
    extraVars: {},
    // The lab belongs to this test.
    mayDisturb: () => true,
    root,
    connect: (_name, vars) => {
      const target = connectionSettings(_name, vars)
      return { connection: openConnection(target), become: target.become }
    },
    subscriber: (event) => {
      if (event.type === 'result') results.push(event)
      also(event)
    },
    signal: new AbortController().signal,
  })
  return { ...outcome, results }
}

/** The tasks as a play on the node. Titles contain the position in the list, so that messages name one task. */
export const runTasks = (
  { place, root }: Pick<PropertyNode, 'place' | 'root'>,
  tasks: readonly TaskSpec[],
  check: boolean,
  also?: Subscriber,
): Promise<RunResult> =>
  runSteps(place, root, [play('property', { hosts: NODE, become: true }, () => tasks.map(taskOf))], check, also)

/**
 * Starts a lab with one node, and removes it at the end of the test, also after a failure. With `PROPERTY_KEEP_LAB`
 * set, it is kept for the next test.
 */
export async function startNode(t: Test, place: LabPlace): Promise<PropertyNode> {
  const root = mkdtempSync(path.join(tmpdir(), 'labbook-property-'))
  const release = await lock(place.name)
  t.teardown(async () => {
    rmSync(root, { recursive: true, force: true })
    try {
      if (!process.env['PROPERTY_KEEP_LAB']) await need(place, root, labDown)
    } finally {
      release()
    }
  })
  mkdirSync(path.join(root, 'templates'))
  mkdirSync(path.join(root, 'files'))
  await need(place, root, labUp)
  const pid = (): number =>
    Number(readFileSync(`/var/lib/labbook/${place.name}/nodes/${NODE}/pid`, 'utf8').split(' ')[0])
  const enter = (script: string) => {
    const done = spawnSync(
      'nsenter',
      [
        '--all',
        '--target',
        String(pid()),
        '--root',
        '--wd',
        'env',
        '-i',
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'LANG=C.UTF-8',
        'sh',
      ],
      { input: `umask 022\n${script}\n`, maxBuffer: 64 * 1024 * 1024 },
    )
    return {
      exitCode: done.status ?? -1,
      stdout: done.stdout.toString('latin1'),
      stderr: done.stderr.toString('latin1'),
    }
  }
  return {
    place,
    root,
    get pid() {
      return pid()
    },
    try: enter,
    sh(script) {
      const { exitCode, stdout, stderr } = enter(script)
      if (exitCode !== 0) throw new Error(`exit ${exitCode} on the node: ${stderr.trim()}\n${script.slice(0, 2000)}`)
      return stdout
    },
  }
}

/** Waits until no other test process uses the lab. The lock is released when this process ends. */
async function lock(name: string): Promise<() => void> {
  const holder = spawn('flock', [path.join(tmpdir(), `labbook-property-${name}.lock`), 'cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  holder.stdin.write('mine\n')
  await once(holder.stdout, 'data')
  return () => {
    holder.stdin.end()
  }
}

async function need(place: LabPlace, root: string, steps: readonly PlaybookStep[]): Promise<void> {
  const { exitCode, results } = await runSteps(place, root, steps, false)
  if (exitCode === 0) return
  const why = results
    .filter(({ status }) => status !== 'ok' && status !== 'changed')
    .map(({ task, message }) => `${task}: ${message}`)
  throw new Error(`the lab ${place.name}: ${why.join('; ')}`)
}

/** Creates a file of the controller where tasks find it by its name (`src`). */
export function putFile(node: PropertyNode, name: string, content: Buffer | string): void {
  const file = path.join(node.root, 'files', name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
}
