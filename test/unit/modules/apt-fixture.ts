import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { apt } from '../../../src/modules/core/apt.ts'
import type { Plan } from '../../../src/modules/module.ts'
import { runIn, type Shell } from '../../support/shells.ts'

type Input = Parameters<typeof apt.definition.schema.parse>[0]

/** A package: `name version`, `name:arch version`, and further fields. */
type Described = string | readonly [name: string, fields: Readonly<Record<string, string>>]

/** What a host of the real apt-get has. */
export interface AptHost {
  readonly available: readonly Described[]
  readonly installed?: readonly Described[]
  /** Packages installed as dependencies. */
  readonly automatic?: readonly string[]
  readonly preferences?: string
}

/** Runs the module's scripts with the machine's apt and a separate package database. apt-get only simulates. */
export class AptFixture {
  readonly #folder: string

  constructor(t: Test, { available, installed = [], automatic = [], preferences = '' }: AptHost) {
    // A short path: apt makes file names of it.
    this.#folder = mkdtempSync(join(tmpdir(), 'labbook-apt-'))
    t.teardown(() => {
      rmSync(this.#folder, { recursive: true, force: true })
    })
    for (const folder of ['bin', 'repo', 'dpkg/info', 'dpkg/updates', 'state/lists/partial', 'cache/archives/partial'])
      mkdirSync(join(this.#folder, folder), { recursive: true })
    const write = (name: string, text: string): void => {
      writeFileSync(join(this.#folder, name), text)
    }
    write('repo/Packages', available.map((each) => stanza(each, false)).join('\n'))
    write('dpkg/status', installed.map((each) => stanza(each, true)).join('\n'))
    write(
      'state/extended_states',
      automatic.map((name) => `Package: ${name}\nArchitecture: amd64\nAuto-Installed: 1\n`).join('\n'),
    )
    write('preferences', preferences)
    write('sources.list', `deb [trusted=yes] file:${this.#folder}/repo ./\n`)
    write('apt.conf', this.#configuration())
    // Every apt-get simulates, and records its arguments.
    write('bin/apt-get', `#!/bin/sh\necho "$@" >>${this.#folder}/calls\nexec /usr/bin/apt-get -s "$@"\n`)
    write('bin/apt-mark', `#!/bin/sh\necho "apt-mark $*" >>${this.#folder}/calls\n`)
    write('bin/dpkg', '#!/bin/sh\ncase $1 in --compare-versions) exec /usr/bin/dpkg "$@" ;; esac\necho amd64\n')
    for (const name of ['apt-get', 'apt-mark', 'dpkg']) chmodSync(join(this.#folder, 'bin', name), 0o755)
    execFileSync('/usr/bin/apt-get', ['-q', 'update'], { env: this.#env(), stdio: 'ignore' })
  }

  /** Probes and plans. */
  plan(shell: Shell, params: Input): Plan<unknown> {
    const parsed = apt.definition.schema.parse(params)
    return apt.definition.plan(parsed, this.#run(shell, apt.definition.probe(parsed, {})), {}, {})
  }

  /** Runs the changes of a plan; the last lines of what apt-get would do, and errors. */
  apply(shell: Shell, { changes }: Plan<unknown>): { steps: string[]; errors: string[] } {
    const results = changes.map(({ script }) => this.#run(shell, script))
    const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
    return {
      steps: results.flatMap(({ stdout }) => lines(stdout).filter((line) => /^(Inst|Remv|Purg) /.test(line))),
      errors: results.flatMap(({ stderr }) => lines(stderr).filter((line) => line.startsWith('E: '))),
    }
  }

  /** Runs what check mode runs. */
  dryRun(shell: Shell, { changes }: Plan<unknown>): ReturnType<typeof runIn>[] {
    return changes.flatMap(({ dryRun }) => (dryRun === undefined ? [] : [this.#run(shell, dryRun)]))
  }

  #run(shell: Shell, script: string): ReturnType<typeof runIn> {
    const here = script
      .replaceAll('/var/lib/apt/extended_states', join(this.#folder, 'state/extended_states'))
      .replaceAll('/var/lib/apt/lists', join(this.#folder, 'state/lists'))
      .replaceAll('/var/lib/dpkg', join(this.#folder, 'dpkg'))
      .replaceAll('/etc/apt/sources.list', join(this.#folder, 'sources.list'))
    return runIn(shell, here, { env: this.#env() })
  }

  #env(): NodeJS.ProcessEnv {
    return {
      PATH: `${join(this.#folder, 'bin')}:${process.env['PATH']}`,
      APT_CONFIG: join(this.#folder, 'apt.conf'),
      DPKG_ADMINDIR: join(this.#folder, 'dpkg'),
    }
  }

  #configuration(): string {
    const settings: Readonly<Record<string, string>> = {
      'APT::Architecture': 'amd64',
      'APT::Sandbox::User': '',
      'Dir::State': join(this.#folder, 'state'),
      'Dir::State::status': join(this.#folder, 'dpkg/status'),
      'Dir::Cache': join(this.#folder, 'cache'),
      'Dir::Etc::SourceList': join(this.#folder, 'sources.list'),
      'Dir::Etc::SourceParts': '/dev/null',
      'Dir::Etc::Preferences': join(this.#folder, 'preferences'),
      'Dir::Etc::PreferencesParts': '/dev/null',
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`)
    return [...lines, '#clear APT::Architectures;', 'APT::Architectures { "amd64"; "i386"; };', ''].join('\n')
  }
}

function stanza(described: Described, installed: boolean): string {
  const [text, fields] = typeof described === 'string' ? [described, {}] : described
  const [full = '', version = '1.0'] = text.split(' ')
  const [name = '', arch = 'all'] = full.split(':')
  const all: Readonly<Record<string, string>> = {
    Package: name,
    ...(installed ? { Status: 'install ok installed' } : {}),
    Version: version,
    Architecture: arch,
    Maintainer: 'nobody',
    Description: 'a package',
    ...(installed ? {} : { Filename: `./${name}_${version}.deb`, Size: '1', SHA256: '0'.repeat(64) }),
    ...fields,
  }
  return Object.entries(all)
    .map(([field, value]) => `${field}: ${value}\n`)
    .join('')
}
