import { createRequire } from 'node:module'
import path from 'node:path'
import { apt, copy, file, play, PlaybookError, type ExperimentContext } from '../../src/labbook.ts'
import {
  addUp,
  dealOut,
  readPlan,
  runLoad,
  type LoadPart,
  type LoadResult,
  type PlanInput,
} from '../../src/load/index.ts'
import { ROOT } from '../images/table.ts'

const GROUP = 'loadgen'
const PROGRAM = '/opt/labbook/load/generator.cjs'
/** Seconds beyond the load and its last answers in which a generator starts and ends. */
const AROUND = 30

/** The generator with all it needs in one file, for the Node that Debian 12 has. */
export function generatorProgram(): string {
  // Asked for here alone: few runs have such hosts.
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

/** Makes the hosts of group `loadgen` ready to send. The pattern is also one of inventories that have no such group. */
export const loadGenerators = play(
  'Load generators',
  {
    hosts: `~(${GROUP}|localhost)$:!localhost`,
    become: true,
    tags: ['load', 'load-users', 'load-capacity', 'load-scaling'],
  },
  () => [
    apt('Node for the load generator', { name: 'nodejs', update_cache: true, install_recommends: false }),
    file('Folder of the load generator', { path: path.posix.dirname(PROGRAM), state: 'directory', mode: '0755' }),
    copy('Load generator', { content: generatorProgram(), dest: PROGRAM, mode: '0644' }),
  ],
)

/** The hosts that send; none: this machine does. */
export const generators = ({ groups }: Pick<ExperimentContext, 'groups'>): readonly string[] => groups[GROUP] ?? []

/**
 * Puts a load on servers: from the hosts of group `loadgen`, each its part, or from this machine where there are none.
 *
 * @param program - where those hosts have the generator.
 */
export async function loadFrom(on: ExperimentContext, given: PlanInput, program = PROGRAM): Promise<LoadResult> {
  const hosts = generators(on)
  if (hosts.length === 0) return await runLoad(given, on.signal)
  const plan = readPlan(given)
  // The address to send from is this machine's.
  const targets = plan.targets.map(({ host, port }) => ({ host, port }))
  const began = Date.now()
  const parts = await Promise.all(
    dealOut({ ...plan, targets }, hosts.length).map(async (part, place) => {
      const host = hosts[place] as string
      const { stdout, stderr, exitCode } = await on.look({
        host,
        command: `node ${program} <<'lb_plan'\n${JSON.stringify(part)}\nlb_plan`,
        timeout: plan.warmup + plan.seconds + plan.timeLimit + AROUND,
      })
      if (exitCode !== 0)
        throw new PlaybookError(
          `the load generator on ${host} failed: ${stderr.trim().split('\n').at(-1) ?? ''} (--tags load makes it ready to send)`,
        )
      return JSON.parse(stdout) as LoadPart
    }),
  )
  // By the clock of this machine: the readings of CPU use go by it, and other clocks may be off.
  return {
    ...addUp(plan, parts as [LoadPart, ...LoadPart[]]),
    start: new Date(began + plan.warmup * 1000).toISOString(),
  }
}
