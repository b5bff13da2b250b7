import { createRequire } from 'node:module'
import { type LabContext, type LabSetupContext, say } from '../messages/say.ts'
import os from 'node:os'
import path from 'node:path'
import { apt, copy, file, HOST_DIRECTORIES, play, PlaybookError } from 'labbook'
import { providerOf } from 'labbook/lab'
import {
  type GeneratorScheduling,
  type LoadPart,
  type LoadResult,
  mergeParts,
  GENERATOR_FILE,
  type PlanInput,
  readPlan,
  runLoad,
  type RunLoadOptions,
  shardPlan,
} from 'labbook/load'
import { ROOT } from '../app/images/table.ts'
import { projectLab } from '../lab/lab.ts'

const GROUP = 'loadgen'
const PROGRAM = `${HOST_DIRECTORIES.files}/load/generator.cjs`
/** Seconds for start and exit of a generator, beyond the load and its last responses. */
const OVERHEAD_SECONDS = 30

/** The bundled generator, for the Node.js of Debian 12. */
export function generatorProgram(): string {
  // Loaded on demand: few runs have such hosts.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof import('esbuild')
  const { outputFiles } = buildSync({
    entryPoints: [GENERATOR_FILE],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node18',
    minify: true,
    write: false,
    absWorkingDir: ROOT,
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/** Installs the generator on group `loadgen`. The pattern is also valid in inventories without that group. */
export const loadGenerators = play(
  'Install load generators',
  {
    hosts: `~(${GROUP}|localhost)$:!localhost`,
    become: true,
    tags: ['load', 'load-users', 'load-capacity', 'load-scaling', 'load-goal'],
  },
  () => [
    apt('Install Node.js', { name: 'nodejs', update_cache: true, install_recommends: false }),
    file('Create generator directory', { path: path.posix.dirname(PROGRAM), state: 'directory', mode: '0755' }),
    copy('Copy load generator', { content: generatorProgram(), dest: PROGRAM, mode: '0644' }),
  ],
)

/** The hosts that send requests; if empty, this machine sends them. */
export const generatorHosts = ({ groups }: Pick<LabContext, 'groups'>): readonly string[] => groups[GROUP] ?? []

/** Hosts whose CPU is read during a load: load generators and nodes. */
export const cpuHosts = (on: Pick<LabContext, 'groups'>): readonly string[] => {
  const senders = generatorHosts(on)
  return [...(senders.length === 0 ? ['controller'] : senders), ...(on.groups.swarm ?? [])]
}

/**
 * Runs load tests while the generator on this machine is kept apart from the nodes that share it: with a dedicated CPU
 * where the nodes keep {@link LEAST_NODE_CPUS}, else before all other processes.
 *
 * @param work - receives how the generator is scheduled.
 */
export async function withGenerator(
  on: LabContext,
  work: (scheduling: GeneratorScheduling) => Promise<void>,
): Promise<void> {
  const cpu = await reserveCpu(on)
  if (cpu === undefined) {
    await work({ realTime: sharesMachine(on) && process.getuid?.() === 0 })
    return
  }
  on.log(say('the load generator has CPU {cpu} of this machine for itself; the nodes use the others', { cpu }))
  try {
    await work({ cpu })
  } finally {
    await releaseGenerator(on)
  }
}

/** A lab of namespaces: its nodes are processes of this machine. */
const sharesMachine = (on: LabContext): boolean =>
  generatorHosts(on).length === 0 && projectLab(on)?.provider === 'namespaces'

/** With fewer, the nodes would be the limit of most tests: then a priority serves better. */
const LEAST_NODE_CPUS = 3

async function reserveCpu(on: LabContext): Promise<number | undefined> {
  const lab = projectLab(on)
  const scripts = lab === undefined ? undefined : providerOf(lab).cpus?.(lab)
  if (scripts === undefined || generatorHosts(on).length > 0 || os.availableParallelism() <= LEAST_NODE_CPUS)
    return undefined
  const { stdout, stderr, exitCode } = await on.exec({ host: 'controller', command: scripts.reserve })
  if (exitCode !== 0) throw new PlaybookError(`cannot reserve a CPU for the load generator: ${stderr.trim()}`)
  return stdout.trim() === '' ? undefined : Number(stdout)
}

/** Gives the nodes all CPUs again. Idempotent. */
export async function releaseGenerator(on: LabSetupContext): Promise<void> {
  const lab = projectLab(on)
  const scripts = lab === undefined ? undefined : providerOf(lab).cpus?.(lab)
  if (scripts === undefined) return
  const { stderr, exitCode } = await on.exec({ host: 'controller', command: scripts.release })
  if (exitCode !== 0) throw new PlaybookError(`cannot give the nodes all CPUs again: ${stderr.trim()}`)
}

/** Before all other processes of the host, where its kernel and the user allow that. */
const RUN_FIRST = 'lb_run() { if chrt --rr 1 true 2>/dev/null; then exec chrt --rr 1 "$@"; else exec "$@"; fi; }'

export interface ShardedLoadOptions extends Pick<RunLoadOptions, 'scheduling' | 'onProgress'> {
  /** Path of the generator on the hosts of group `loadgen`. */
  readonly program?: string
}

/**
 * Runs a load, sharded over the hosts of group `loadgen`, or from this machine without such hosts.
 */
export async function runShardedLoad(
  on: LabContext,
  input: PlanInput,
  { program = PROGRAM, ...local }: ShardedLoadOptions = {},
): Promise<LoadResult> {
  const hosts = generatorHosts(on)
  if (hosts.length === 0) return await runLoad(input, { signal: on.signal, ...local })
  const plan = readPlan(input)
  // Local addresses are valid only on this machine.
  const targets = plan.targets.map(({ host, port }) => ({ host, port }))
  const began = Date.now()
  const shards = await Promise.all(
    shardPlan({ ...plan, targets }, hosts.length).map(async (shard, index) => {
      const host = hosts[index] as string
      const { stdout, stderr, exitCode } = await on.exec({
        host,
        command: `${RUN_FIRST}\nlb_run node ${program} <<'lb_plan'\n${JSON.stringify(shard)}\nlb_plan`,
        timeout: plan.warmup + plan.seconds + plan.timeLimit + OVERHEAD_SECONDS,
      })
      if (exitCode !== 0)
        throw new PlaybookError(
          `the load generator on ${host} failed: ${stderr.trim().split('\n').at(-1) ?? ''} (run with --tags load to install it)`,
        )
      return JSON.parse(stdout) as LoadPart
    }),
  )
  // By this machine's clock, like the CPU readings: other clocks may differ.
  return {
    ...mergeParts(plan, shards as [LoadPart, ...LoadPart[]]),
    start: new Date(began + plan.warmup * 1000).toISOString(),
  }
}
