import { spawnSync } from 'node:child_process'
import { runProgram } from './programs.ts'

/** The packages that are not installed. */
export function missingOf(packages: readonly string[]): string[] {
  if (packages.length === 0) return []
  const { stdout, error } = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...packages], {
    encoding: 'utf8',
  })
  const installed = new Set(
    (error === undefined ? stdout : '')
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return packages.filter((name) => !installed.has(name))
}

let updated = false
let last: Promise<unknown> = Promise.resolve()

/**
 * Installs missing packages, serialized, after one `apt-get update`.
 * @returns the output of apt if it failed.
 */
export function install(packages: readonly string[]): Promise<string | undefined> {
  const mine = last.then(() => installNow(packages))
  last = mine
  return mine
}

async function installNow(packages: readonly string[]): Promise<string | undefined> {
  const missing = missingOf(packages)
  if (missing.length === 0) return undefined
  console.log(`== installing ${missing.join(' ')}`)
  const wait = ['-o', 'DPkg::Lock::Timeout=600']
  if (!updated) {
    const update = await runProgram(['apt-get', 'update', '-qq', ...wait])
    if (update.exitCode !== 0) return `apt-get update failed:\n${update.output}`
    updated = true
  }
  const done = await runProgram(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...wait, ...missing], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
  return done.exitCode === 0 ? undefined : `apt-get install ${missing.join(' ')} failed:\n${done.output}`
}
