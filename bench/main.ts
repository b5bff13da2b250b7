import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import path from 'node:path'
import { estimate } from './estimate.ts'
import { HELP, OptionError, parseOptions, type Options } from './options.ts'
import { casesOf, type Case, type Count, type Results, type Trial } from './results.ts'
import { findRunners } from './runners/index.ts'
import type { Runner } from './runners/runner.ts'
import { runScale, SCALE_HOSTS } from './scale/index.ts'
import { caseTable, scaleTable, targetTable } from './table.ts'
import { judge } from './targets.ts'
import { BenchError, measureCase } from './trials.ts'
import { baseRoot } from './world/base-root.ts'
import { enterWorld, worldPid } from './world/enter.ts'
import { installPackages } from './world/packages.ts'
import { CACHE } from './world/places.ts'
import { makeVenv, type Venv } from './world/venv.ts'
import { makeWorld } from './world/world.ts'

/** Facts gathered outside the namespace, where a network exists. */
interface Prepared {
  readonly base: string
  readonly venv: Venv
  readonly notes: readonly string[]
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function outside(): Promise<number> {
  if (process.getuid?.() !== 0) throw new BenchError('run the benchmark as root: it needs namespaces and mounts')
  mkdirSync(CACHE, { recursive: true })
  const notes = await installPackages(say)
  const prepared: Prepared = { base: await baseRoot(say), venv: await makeVenv(say), notes }
  process.env['LABBOOK_BENCH_PREPARED'] = JSON.stringify(prepared)
  return await enterWorld()
}

async function inside(options: Options, pid: number): Promise<number> {
  const { base, venv, notes } = JSON.parse(process.env['LABBOOK_BENCH_PREPARED'] ?? '{}') as Prepared
  const runners = chosen(await findRunners(venv), options)
  const cases = options.workloads.flatMap((workload): Case[] =>
    workload === 'commands' ? [{ workload, hosts: 1 }] : options.hosts.map((hosts) => ({ workload, hosts })),
  )
  say(`about ${estimate(runners, cases, options)}`)
  const world = await makeWorld(pid, base, Math.max(SCALE_HOSTS, ...options.hosts))
  const trials: Trial[] = []
  const counts: Count[] = []
  const results = (scale: Results['scale']): Results => ({
    date: new Date().toISOString(),
    machine: machine(),
    runners: runners.map(({ id, title, version }) => ({ id, title, version })),
    notes: [...notes, ...venv.notes],
    trials,
    counts,
    scale,
  })
  const out = path.resolve(
    options.out ?? path.join(CACHE, `results-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.json`),
  )
  const save = (all: Results): void => writeFileSync(out, `${JSON.stringify(all, null, 1)}\n`)
  for (const which of cases) {
    say(`\n${which.workload}, ${which.hosts} host${which.hosts === 1 ? '' : 's'}`)
    const fit = runners.filter(({ workloads }) => workloads?.includes(which.workload) ?? true)
    const found = await measureCase({ world, say, ...options }, fit, which)
    trials.push(...found.trials)
    counts.push(...found.counts)
    save(results([]))
    say(caseTable(results([]), which))
  }
  const all = results(options.scale ? await runScale(world, say) : [])
  save(all)
  if (all.scale.length > 0) say(`\n${scaleTable(all.scale)}`)
  for (const note of all.notes) say(`note: ${note}`)
  const verdicts = judge(all)
  say(`\n${targetTable(verdicts)}\n\nevery trial: ${out}`)
  return verdicts.some(({ met }) => met === false) && casesOf(trials).length > 0 ? 3 : 0
}

function chosen(runners: readonly Runner[], options: Options): Runner[] {
  const unknown = options.runners?.filter((id) => !runners.some((runner) => runner.id === id)) ?? []
  if (unknown.length > 0)
    throw new OptionError(
      `--runners: not here: ${unknown.join(', ')}; there are ${runners.map(({ id }) => id).join(', ')}`,
    )
  return runners.filter(({ id }) => options.runners?.includes(id) ?? true)
}

function machine(): Results['machine'] {
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? '',
    memoryBytes: totalmem(),
    system,
    kernel: release(),
    node: process.version,
  }
}

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options === 'help') {
      process.stdout.write(HELP)
      return 0
    }
    const pid = worldPid()
    return pid === undefined ? await outside() : await inside(options, pid)
  } catch (error) {
    if (error instanceof OptionError || error instanceof BenchError) {
      process.stderr.write(`bench: ${error.message}\n`)
      return error instanceof OptionError ? 2 : 1
    }
    throw error
  }
}

process.exitCode = await main()
