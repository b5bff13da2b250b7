import { existsSync, readdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { output } from './command.ts'
import { CACHE } from './places.ts'

/** The newest other runners from PyPI. */
const PACKAGES = ['ansible-core', 'pyinfra']

/** The oldest Python 3 with relevant versions. */
const OLDEST = 10

/** Directory of the programs, and notes for the table. */
export interface Venv {
  readonly bin: string | undefined
  readonly python: string
  readonly versions: Readonly<Record<string, string>>
  readonly notes: readonly string[]
}

interface Python {
  readonly file: string
  readonly version: readonly [number, number]
}

/** All Python 3 interpreters of this machine, newest first; including pyenv's, which may not be in PATH. */
async function pythons(): Promise<Python[]> {
  const pyenv = path.join(process.env['PYENV_ROOT'] ?? path.join(homedir(), '.pyenv'), 'versions')
  const folders = [
    ...(process.env['PATH'] ?? '').split(':').filter((folder) => !folder.endsWith('/shims')),
    '/usr/local/bin',
    '/usr/bin',
    ...(existsSync(pyenv) ? readdirSync(pyenv).map((name) => path.join(pyenv, name, 'bin')) : []),
  ]
  const files = folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => /^python3(\.\d+)?$/.test(name))
          .map((name) => path.join(folder, name))
      : [],
  )
  const found: Python[] = []
  for (const file of new Set(files)) {
    const text = await output(file, ['-c', 'import sys, venv, ensurepip; print(*sys.version_info[:2])']).catch(() => '')
    const [major, minor] = text.trim().split(' ').map(Number)
    if (major === 3 && minor !== undefined && minor >= OLDEST && !found.some(({ version }) => version[1] === minor))
      found.push({ file, version: [3, minor] })
  }
  return found.sort((a, b) => b.version[1] - a.version[1])
}

const INSTALLED =
  'import json, importlib.metadata as m, sys\nprint(json.dumps({n: m.version(n) for n in sys.argv[1:]}))'

async function versionsIn(bin: string): Promise<Record<string, string> | undefined> {
  const text = await output(path.join(bin, 'python'), ['-c', INSTALLED, ...PACKAGES]).catch(() => '')
  return text === '' ? undefined : (JSON.parse(text) as Record<string, string>)
}

/**
 * Creates a virtual environment with the newest installable ansible-core and pyinfra, on the newest Python they
 * support. Without PyPI, uses that of an earlier benchmark.
 */
export async function makeVenv(say: (line: string) => void): Promise<Venv> {
  const notes: string[] = []
  for (const { file, version } of await pythons()) {
    const python = version.join('.')
    const folder = path.join(CACHE, `venv-${python}`)
    const bin = path.join(folder, 'bin')
    try {
      if (!existsSync(path.join(bin, 'pip'))) await output(file, ['-m', 'venv', folder])
      say(`Python ${python}: newest ${PACKAGES.join(' and ')}`)
      const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check']
      // An upgrade alone would succeed with installed versions if PyPI is unreachable.
      await output(path.join(bin, 'python'), [...pip, '--dry-run', '--ignore-installed', '--no-deps', ...PACKAGES])
      await output(path.join(bin, 'python'), [...pip, '--upgrade', ...PACKAGES])
    } catch (error) {
      const left = existsSync(bin) ? await versionsIn(bin) : undefined
      const why = (error as Error).message.split('\n').at(-1) ?? ''
      if (left === undefined) {
        rmSync(folder, { recursive: true, force: true })
        notes.push(`Python ${python}: ${PACKAGES.join(' and ')} cannot be installed: ${why}`)
        continue
      }
      notes.push(`PyPI is unreachable (${why}): using the versions of an earlier benchmark`)
    }
    const versions = await versionsIn(bin)
    if (versions === undefined) continue
    if (version[1] < 12)
      notes.push(`Python ${python} is the newest here: newer ansible-core and pyinfra may need a newer one`)
    return { bin, python, versions, notes }
  }
  return {
    bin: undefined,
    python: '',
    versions: {},
    notes: [...notes, 'no runners from PyPI: none could be installed'],
  }
}
