import { createRequire } from 'node:module'
import path from 'node:path'
import { apt, copy, type ExperimentContext, file, HOST_DIRECTORIES, play, PlaybookError } from 'labbook'
import { type LoadPart, type LoadResult, mergeParts, type PlanInput, readPlan, runLoad, shardPlan } from 'labbook/load'
import { ROOT } from '../app/images/table.ts'

const GROUP = 'loadgen'
const PROGRAM = `${HOST_DIRECTORIES.files}/load/generator.cjs`
/** Seconds for start and exit of a generator, beyond the load and its last responses. */
const OVERHEAD_SECONDS = 30

/** The bundled generator, for the Node.js of Debian 12. */
export function generatorProgram(): string {
  // Loaded on demand: few runs have such hosts.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof import('esbuild')
  const { outputFiles } = buildSync({
    entryPoints: [path.join(ROOT, 'src/load/generator.ts')],
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
    tags: ['load', 'load-users', 'load-capacity', 'load-scaling'],
  },
  () => [
    apt('Install Node.js', { name: 'nodejs', update_cache: true, install_recommends: false }),
    file('Create generator directory', { path: path.posix.dirname(PROGRAM), state: 'directory', mode: '0755' }),
    copy('Copy load generator', { content: generatorProgram(), dest: PROGRAM, mode: '0644' }),
  ],
)

/** The hosts that send requests; if empty, this machine sends them. */
export const generatorHosts = ({ groups }: Pick<ExperimentContext, 'groups'>): readonly string[] => groups[GROUP] ?? []

/**
 * Runs a load, sharded over the hosts of group `loadgen`, or from this machine without such hosts.
 *
 * @param program - path of the generator on those hosts.
 */
export async function runShardedLoad(on: ExperimentContext, input: PlanInput, program = PROGRAM): Promise<LoadResult> {
  const hosts = generatorHosts(on)
  if (hosts.length === 0) return await runLoad(input, on.signal)
  const plan = readPlan(input)
  // Local addresses are valid only on this machine.
  const targets = plan.targets.map(({ host, port }) => ({ host, port }))
  const began = Date.now()
  const shards = await Promise.all(
    shardPlan({ ...plan, targets }, hosts.length).map(async (shard, index) => {
      const host = hosts[index] as string
      const { stdout, stderr, exitCode } = await on.exec({
        host,
        command: `node ${program} <<'lb_plan'\n${JSON.stringify(shard)}\nlb_plan`,
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
