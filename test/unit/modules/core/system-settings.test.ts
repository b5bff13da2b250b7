import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { z } from 'zod'
import { locale_gen } from '../../../../src/modules/core/locale_gen.ts'
import { modprobe } from '../../../../src/modules/core/modprobe.ts'
import { timezone } from '../../../../src/modules/core/timezone.ts'
import type { ModuleDefinition, Plan } from '../../../../src/modules/module.ts'
import { runIn, type ConvergeResult, type Shell } from '../../../support/shells.ts'
import { converged, inEachShell } from '../each-shell.ts'

/** A host in a directory: scripts get its files and commands instead of those of this machine. */
class FakeHost {
  readonly #shell: Shell
  readonly #folder: string
  readonly #paths: readonly string[]

  /** @param paths - directories and files that are below the folder */
  constructor(shell: Shell, folder: string, paths: readonly string[]) {
    this.#shell = shell
    this.#folder = folder
    this.#paths = paths
    for (const name of ['bin', 'etc']) mkdirSync(join(folder, name))
  }

  at(path: string): string {
    return join(this.#folder, path)
  }

  command(name: string, script: string): void {
    writeFileSync(this.at(`bin/${name}`), `#!/bin/sh\n${script.replaceAll('ROOT', this.#folder)}\n`)
    chmodSync(this.at(`bin/${name}`), 0o755)
  }

  run(script: string) {
    const inFolder = this.#paths.reduce((text, path) => text.replaceAll(path, this.at(path)), script)
    return runIn(this.#shell, inFolder, { env: { PATH: `${this.at('bin')}:${process.env.PATH}` } })
  }

  plan<S extends z.ZodType, V>({ definition }: { definition: ModuleDefinition<S, V> }, given: z.input<S>): Plan<V> {
    const params = definition.schema.parse(given)
    const observed = this.run(definition.probe(params, {}))
    const stdout = observed.stdout.replaceAll(this.#folder, '')
    return definition.plan(params, { ...observed, stdout }, {}, {})
  }

  apply<S extends z.ZodType, V>(
    module: { definition: ModuleDefinition<S, V> },
    given: z.input<S>,
  ): ConvergeResult<unknown> {
    const before = this.plan(module, given)
    return { before, applied: before.changes.map(({ script }) => this.run(script)), after: this.plan(module, given) }
  }
}

const message = ({ schema }: { readonly schema: z.ZodType }, given: object): string | undefined =>
  schema.safeParse(given).error?.issues[0]?.message

t.test('timezone sets the link and the name', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new FakeHost(shell, folder, ['/etc/', '/usr/share/zoneinfo/'])
    mkdirSync(host.at('usr/share/zoneinfo/Europe'), { recursive: true })
    for (const zone of ['Europe/Berlin', 'UTC']) writeFileSync(host.at(`usr/share/zoneinfo/${zone}`), zone)
    symlinkSync('/usr/share/zoneinfo/UTC', host.at('etc/localtime'))
    writeFileSync(host.at('etc/timezone'), 'Etc/UTC')
    converged(t, host.apply(timezone, { name: 'Europe/Berlin' }), [
      'set the time zone to Europe/Berlin (was UTC)',
      'write Europe/Berlin to /etc/timezone',
    ])
    t.match(readlinkSync(host.at('etc/localtime')), /^\.\..*\/usr\/share\/zoneinfo\/Europe\/Berlin$/)
    t.equal(readFileSync(host.at('etc/timezone'), 'utf8'), 'Europe/Berlin\n')
    t.match(host.plan(timezone, { name: 'Europe/Atlantis' }).problem, 'is the package tzdata installed?')
  })
  t.match(message(timezone.definition, { name: 'UTC', hwclock: 'UTC' }), '"hwclock" is not supported')
  t.match(message(timezone.definition, { name: '../etc' }), 'must be the name of a zone')
})

t.test('timezone replaces a copy, and creates no /etc/timezone', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new FakeHost(shell, folder, ['/etc/', '/usr/share/zoneinfo/'])
    mkdirSync(host.at('usr/share/zoneinfo'), { recursive: true })
    writeFileSync(host.at('usr/share/zoneinfo/UTC'), 'UTC')
    writeFileSync(host.at('etc/localtime'), 'copy')
    converged(t, host.apply(timezone, { name: 'UTC' }), ['set the time zone to UTC (was unknown)'])
    t.ok(lstatSync(host.at('etc/localtime')).isSymbolicLink())
    t.notOk(existsSync(host.at('etc/timezone')))
  })
})

/** A modprobe that keeps a list like /proc/modules. */
const MODPROBE = `
[ "$1" != --version ] || exit 0
[ "$1" != -r ] || { sed -i "/^$3 /d" ROOT/proc/modules; exit; }
shift; [ "$1" != bad ] || { echo 'modprobe: FATAL: Module bad not found' >&2; exit 1; }
echo "$(echo "$1" | tr - _) 1 $*" >>ROOT/proc/modules`

function kernelHost(shell: Shell, folder: string): FakeHost {
  const host = new FakeHost(shell, folder, ['/etc/', '/proc/modules', '/lib/modules/'])
  host.command('modprobe', MODPROBE)
  host.command('uname', 'echo 6')
  mkdirSync(host.at('proc'))
  mkdirSync(host.at('lib/modules/6'), { recursive: true })
  writeFileSync(host.at('proc/modules'), 'loop 1 x\n')
  writeFileSync(host.at('lib/modules/6/modules.builtin'), 'kernel/fs/ext4/ext4.ko\n')
  return host
}

t.test('modprobe loads and unloads modules', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = kernelHost(shell, folder)
    converged(t, host.apply(modprobe, { name: 'nf-nat', params: 'a=1 b=2' }), ['load kernel module nf-nat a=1 b=2'])
    t.equal(readFileSync(host.at('proc/modules'), 'utf8'), 'loop 1 x\nnf_nat 1 nf-nat a=1 b=2\n')
    converged(t, host.apply(modprobe, { name: 'loop' }), [])
    converged(t, host.apply(modprobe, { name: 'ext4' }), [])
    converged(t, host.apply(modprobe, { name: 'loop', state: 'absent' }), ['unload kernel module loop'])
    t.match(host.plan(modprobe, { name: 'ext4', state: 'absent' }).problem, 'built into the kernel')
    t.match(host.apply(modprobe, { name: 'bad' }).applied[0], { exitCode: 1, stderr: /not found/ })
  })
})

t.test('modprobe reads files without a newline at their end, and follows modules.conf', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = kernelHost(shell, folder)
    mkdirSync(host.at('etc/modules-load.d'))
    writeFileSync(host.at('etc/modules-load.d/a.conf'), 'loop')
    writeFileSync(host.at('etc/modules-load.d/b.conf'), 'dummy\n')
    writeFileSync(host.at('etc/modules'), '# mine\nloop\n')
    symlinkSync('../modules', host.at('etc/modules-load.d/modules.conf'))
    converged(t, host.apply(modprobe, { name: 'loop', persistent: 'present' }), [])
    const run = host.apply(modprobe, { name: 'loop', persistent: 'absent' })
    converged(t, run, ['update /etc/modules-load.d/a.conf', 'update /etc/modules-load.d/modules.conf'])
    t.match(run.before.changes[1]?.sets, ['/etc/modules-load.d/modules.conf'])
    t.ok(run.before.changes[1]?.sets?.includes('/etc/modules'))
    t.ok(lstatSync(host.at('etc/modules-load.d/modules.conf')).isSymbolicLink())
    t.same(
      ['modules', 'modules-load.d/a.conf', 'modules-load.d/b.conf'].map((name) =>
        readFileSync(host.at(`etc/${name}`), 'utf8'),
      ),
      ['# mine\n#loop\n', '#loop\n', 'dummy\n'],
    )
  })
})

t.test('modprobe loads a module at boot with its parameters', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = kernelHost(shell, folder)
    const files = (): string[] =>
      ['etc/modules-load.d/loop.conf', 'etc/modprobe.d/loop.conf', 'etc/modprobe.d/other.conf'].map((path) =>
        existsSync(host.at(path)) ? readFileSync(host.at(path), 'utf8') : '-',
      )
    converged(t, host.apply(modprobe, { name: 'loop', persistent: 'present' }), [
      'create /etc/modules-load.d/loop.conf',
    ])
    t.same(files(), ['loop\n', '-', '-'])
    mkdirSync(host.at('etc/modprobe.d'), { recursive: true })
    writeFileSync(host.at('etc/modprobe.d/other.conf'), 'options loop max_loop=8\noptions x y=1\n')
    converged(t, host.apply(modprobe, { name: 'loop', persistent: 'present', params: 'max_loop=64 max_part=8' }), [
      'update /etc/modprobe.d/other.conf',
      'create /etc/modprobe.d/loop.conf',
    ])
    t.same(files(), [
      'loop\n',
      'options loop max_loop=64\noptions loop max_part=8\n',
      '#options loop max_loop=8\noptions x y=1\n',
    ])
    converged(t, host.apply(modprobe, { name: 'loop', persistent: 'absent' }), [
      'update /etc/modules-load.d/loop.conf',
      'update /etc/modprobe.d/loop.conf',
    ])
    t.same(files().slice(0, 2), ['#loop\n', '#options loop max_loop=64\n#options loop max_part=8\n'])
  })
})

t.test('locale_gen generates and removes locales', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const host = new FakeHost(shell, folder, ['/etc/', '/usr/lib/locale'])
    host.command(
      'locale',
      "printf 'C\\nC.utf8\\n'; sed -n 's/^\\([a-z][a-zA-Z_]*\\)\\.UTF-8 .*/\\1.utf8/p' ROOT/etc/generated",
    )
    host.command('locale-gen', 'cp ROOT/etc/locale.gen ROOT/etc/generated')
    writeFileSync(host.at('etc/generated'), '')
    t.match(host.plan(locale_gen, { name: 'de_CH.UTF-8' }).problem, 'install the package locales')
    writeFileSync(host.at('etc/locale.gen'), '# List\n# de_CH ISO-8859-1\n# de_CH.UTF-8 UTF-8\n#en_US.UTF-8 UTF-8\n')
    converged(t, host.apply(locale_gen, { name: ['de_CH.UTF-8', 'en_US.UTF-8'] }), [
      'generate locales de_CH.UTF-8, en_US.UTF-8',
    ])
    t.equal(
      readFileSync(host.at('etc/locale.gen'), 'utf8'),
      '# List\n# de_CH ISO-8859-1\nde_CH.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n',
    )
    // A line that is enabled, and whose locale is not generated.
    writeFileSync(host.at('etc/generated'), '')
    converged(t, host.apply(locale_gen, { name: 'en_US.UTF-8' }), ['generate locales en_US.UTF-8'])
    converged(t, host.apply(locale_gen, { name: 'en_US.UTF-8', state: 'absent' }), ['remove locales en_US.UTF-8'])
    t.match(readFileSync(host.at('etc/locale.gen'), 'utf8'), /^# en_US.UTF-8 UTF-8$/m)
    t.equal(
      host.plan(locale_gen, { name: 'xx_YY.UTF-8' }).problem,
      'locales that are not in /etc/locale.gen on this host: xx_YY.UTF-8',
    )
    converged(t, host.apply(locale_gen, { name: 'C.UTF-8' }), [])
  })
})

const parsed = (t: Test, module: { readonly definition: { readonly schema: z.ZodType } }, given: object): void => {
  t.type(message(module.definition, given), 'string')
}

t.test('parameters that are not valid are refused', (t) => {
  parsed(t, modprobe, { name: 'a', params: 'debug' })
  parsed(t, modprobe, { name: '-r' })
  parsed(t, locale_gen, { name: 'de CH' })
  t.end()
})
