import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { withLocalhost } from '../../src/cli/localhost.ts'
import { connectionSettings, openConnection } from '../../src/connection/index.ts'
import { parseInventory, type Inventory } from '../../src/inventory/index.ts'
import type { RunEvent, TaskResult } from '../../src/events/events.ts'
import type { PlaybookStep } from '../../src/playbook/play.ts'
import { run } from '../../src/runner/run.ts'

const NAME = 'lbk3s'
const DIR = `/var/lib/labbook/${NAME}`
const NET = '10.88.0'
const ROOT = path.resolve(import.meta.dirname, '../..')

/** A lab of one server and one agent, with a configured registry that does not run. */
const inventory = (vars: string): Inventory =>
  withLocalhost(
    parseInventory({
      main: {
        path: 'inventory.yaml',
        text: `
all:
  children:
    k3s_servers: {hosts: {node1: {ansible_host: ${NET}.11}}}
    k3s_agents: {hosts: {node2: {ansible_host: ${NET}.12}}}
    registry: {hosts: {node1: {}}}
    docker: {hosts: {}}
    swarm_managers: {hosts: {node1: {}}}
  vars:
    ansible_user: ops
    ansible_ssh_private_key_file: ${DIR}/id_ed25519
    ansible_become: true
    ansible_ssh_common_args: -o UserKnownHostsFile=${DIR}/known_hosts -o BindAddress=${NET}.1
    lab_provider: namespaces
    lab_name: ${NAME}
    lab_dir: ${DIR}
    lab_subnet: ${NET}.0/24
    lab_memory: 512M
    registry_bcrypt_cost: 4
    k3s_ready_seconds: 60
${vars}
`,
      },
    }),
  )

export interface InstallRun {
  readonly exitCode: number
  readonly results: readonly TaskResult[]
  /** All events, with or without redaction. */
  readonly events: readonly RunEvent[]
}

/** Runs steps on the lab with the real runner over real connections. */
export async function runSteps(
  steps: readonly PlaybookStep[],
  {
    vars = '',
    extraVars = {},
    check = false,
  }: { vars?: string; extraVars?: Record<string, unknown>; check?: boolean } = {},
): Promise<InstallRun> {
  const hosts = inventory(vars)
  const events: RunEvent[] = []
  const { exitCode } = await run({
    playbook: 'k3s-test',
    version: '0',
    argv: [],
    steps,
    inventory: hosts,
    hosts: [...hosts.hosts.keys()],
    check,
    forks: 5,
    tags: { tags: [], skipTags: [] },
    extraVars,
    root: ROOT,
    connect: (name, own) => {
      const target = connectionSettings(name, own)
      return { connection: openConnection(target), become: target.become }
    },
    subscriber: (event) => void events.push(event),
    // The nodes are this test's own.
    mayDisturb: () => true,
    signal: new AbortController().signal,
  })
  return { exitCode, events, results: events.filter((event) => event.type === 'result') }
}

/** Errors, a line each. */
export const failures = ({ results }: InstallRun): string[] =>
  results
    .filter(({ status }) => ['failed', 'unreachable'].includes(status))
    .map(({ host, task, message }) => `${host}: ${task}: ${message}`)
/** Changes, a line each. */
export const changes = ({ results }: InstallRun): string[] =>
  results
    .filter(({ status }) => status === 'changed')
    .flatMap(({ host, changes: made, task }) =>
      made.length === 0 ? [`${host}: ${task}`] : made.map(({ description }) => `${host}: ${description}`),
    )

/** Runs a script on a node as root, without Labbook. */
export function on(node: string, script: string): string {
  const pid = readFileSync(`${DIR}/nodes/${node}/pid`, 'utf8').split(' ')[0] as string
  const done = spawnSync(
    'nsenter',
    [
      '--all',
      '--target',
      pid,
      '--root',
      '--wd',
      'env',
      '-i',
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'sh',
    ],
    { input: `${script}\n`, encoding: 'utf8' },
  )
  if (done.status !== 0) throw new Error(`exit ${done.status} on ${node}: ${done.stderr}\n${script}`)
  return done.stdout.trim()
}

/** A directory of artifacts with a stub of k3s. */
export function k3sStub(version: string): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'labbook-k3s-'))
  const from = path.join(import.meta.dirname, 'standin')
  mkdirSync(folder, { recursive: true })
  const kubeconfig = readFileSync(path.join(ROOT, 'test/fixtures/k3s-install/k3s.yaml'), 'utf8').trim()
  for (const name of readdirSync(from)) {
    const text = readFileSync(path.join(from, name), 'utf8')
    writeFileSync(
      path.join(folder, name),
      text.replaceAll('@VERSION@', version).replaceAll('@KUBECONFIG@', () => kubeconfig),
    )
  }
  // More than one chunk, with all byte values.
  writeFileSync(
    path.join(folder, 'extra-images.tar'),
    Buffer.from(Array.from({ length: 5 * 1024 * 1024 }, (_, i) => (i * 7 + (i >> 8)) & 0xff)),
  )
  const sum = (name: string): string =>
    `${createHash('sha256')
      .update(readFileSync(path.join(folder, name)))
      .digest('hex')}  ${name}\n`
  writeFileSync(path.join(folder, 'checksums.txt'), readdirSync(folder).map(sum).join(''))
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
