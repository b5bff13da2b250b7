import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { copy } from '../../../../src/modules/core/copy.ts'
import { file } from '../../../../src/modules/core/file.ts'
import { lineinfile } from '../../../../src/modules/core/lineinfile.ts'
import type { Plan } from '../../../../src/modules/module.ts'
import type { Observed } from '../../../../src/modules/script-output.ts'
import type { ModuleCall } from '../../../../src/modules/task.ts'
import { runIn, shells, type Shell } from '../../../support/shells.ts'
import type { z } from 'zod'

/* What check mode asks the host before it predicts a change: the dry run has to agree with the script itself. */

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

/** The outcome of the dry run of a plan's only change, and of the change itself. */
function both<S extends z.ZodType, V>(
  shell: Shell,
  module: ModuleCall<S, V>,
  params: z.input<S>,
  only?: 'dry',
): { dry: Observed; real: Observed } {
  const { definition } = module
  const parsed = definition.schema.parse(params)
  const plan: Plan<V> = definition.plan(parsed, runIn(shell, definition.probe(parsed, {})), {}, {})
  const [change] = plan.changes
  if (change?.dryRun === undefined || plan.changes.length !== 1) throw new Error('not one change with a dry run')
  const dry = runIn(shell, change.dryRun)
  return { dry, real: only === 'dry' ? dry : runIn(shell, change.script) }
}

function emptyFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'labbook-dry-'))
  t.teardown(() => {
    spawnSync('chattr', ['-R', '-a', folder])
    rmSync(folder, { recursive: true })
  })
  return folder
}

const within = (shell: Shell, ...argv: readonly string[]): Shell =>
  ({ name: shell.name, argv: [...argv, ...shell.argv] }) as unknown as Shell

for (const shell of shells) {
  t.test(`${shell.name}: a change that would succeed has a dry run that succeeds and changes nothing`, async (t) => {
    const folder = emptyFolder(t)
    const dest = join(folder, 'site.conf')
    const inFolder = within(shell, 'env', `TMPDIR=${folder}`)
    writeFileSync(dest, 'old\n')
    const parsed = copy.definition.schema.parse({ content: 'new\n', dest, mode: '0600', validate: 'grep -q new %s' })
    const plan = copy.definition.plan(parsed, runIn(shell, copy.definition.probe(parsed, {})), {}, {})
    const before = readdirSync(folder)
    t.match(runIn(inFolder, plan.changes[0]?.dryRun ?? 'exit 9'), { exitCode: 0, stdout: '', stderr: '' })
    t.same(readdirSync(folder), before, 'the temporary copy is gone')
    t.equal(readFileSync(dest, 'utf8'), 'old\n')
  })

  t.test(`${shell.name}: a validation that fails is known before the change`, async (t) => {
    const folder = emptyFolder(t)
    const path = join(folder, 'sudoers')
    writeFileSync(path, 'a\n')
    const validate = 'sh -c \'echo "$1: bad line" >&2; ! grep -q bad "$1"\' - %s'
    const copied = both(shell, copy, { content: 'bad\n', dest: path, validate })
    const edited = both(shell, lineinfile, { path, line: 'bad', validate })
    for (const { dry, real } of [copied, edited]) {
      t.equal(dry.exitCode, 1)
      t.equal(lastLine(dry.stderr), `validation of the new ${path} failed`)
      t.equal(lastLine(real.stderr), lastLine(dry.stderr))
      t.match(dry.stderr, /sudoers: bad line/, 'with the words of the validation, about a file of that name')
    }
    t.equal(readFileSync(path, 'utf8'), 'a\n')
  })

  t.test(`${shell.name}: append-only files and directories are known before the change`, async (t) => {
    const folder = emptyFolder(t)
    const path = join(folder, 'log')
    writeFileSync(path, 'a\n')
    spawnSync('chattr', ['+a', path])
    const copied = both(shell, copy, { content: 'b\n', dest: path })
    t.match(copied.dry, { exitCode: 1, stderr: `cannot change ${path}: it is append-only (chattr -a)\n` })
    t.not(copied.real.exitCode, 0)
    spawnSync('chattr', ['-a', path])
    spawnSync('chattr', ['+a', folder])
    const directory = both(shell, copy, { content: 'b\n', dest: join(folder, 'new') })
    t.match(directory.dry, {
      exitCode: 1,
      stderr: `cannot write to directory ${folder}/: it is append-only (chattr -a)\n`,
    })
    t.not(directory.real.exitCode, 0)
  })

  t.test(`${shell.name}: attributes, removals and links that append-only paths prevent are known before`, async (t) => {
    const folder = emptyFolder(t)
    const [path, inside, link] = ['log', 'd/e/log', 'link'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    mkdirSync(join(folder, 'd/e'), { recursive: true })
    for (const name of [path, inside]) writeFileSync(name, 'a\n', { mode: 0o644 })
    symlinkSync('log', link)
    const rows: [append: string, params: z.input<typeof file.definition.schema>, message: string][] = [
      [path, { path, mode: '0600' }, `cannot change ${path}: it is append-only (chattr -a)`],
      [path, { path, owner: '1234' }, `cannot change ${path}: it is append-only (chattr -a)`],
      [path, { path, state: 'absent' }, `cannot change ${path}: it is append-only (chattr -a)`],
      [
        inside,
        { path: join(folder, 'd'), state: 'absent' },
        `cannot remove ${inside}: it is append-only or immutable (chattr -ai)`,
      ],
      [folder, { path, state: 'absent' }, `cannot write to directory ${folder}/: it is append-only (chattr -a)`],
      [
        folder,
        { path: link, src: 'd', state: 'link' },
        `cannot write to directory ${folder}/: it is append-only (chattr -a)`,
      ],
    ]
    for (const [append, params, message] of rows) {
      t.equal(both(shell, file, params, 'dry').dry.exitCode, 0, `${message}: not without the attribute`)
      spawnSync('chattr', ['+a', append])
      const { dry, real } = both(shell, file, params)
      spawnSync('chattr', ['-a', append])
      t.match(dry, { exitCode: 1, stderr: `${message}\n` })
      t.not(real.exitCode, 0, `${message}: the change fails`)
    }
  })

  t.test(`${shell.name}: a file system that is too full is known before the change`, async (t) => {
    const folder = emptyFolder(t)
    const full = within(
      shell,
      ...['unshare', '--mount', 'sh', '-c', `mount -t tmpfs -o size=64k none ${folder} && exec "$@"`, 'sh'],
    )
    const dest = join(folder, 'new')
    const much = both(full, copy, { content: 'x'.repeat(100_000), dest })
    t.match(much.dry, {
      exitCode: 1,
      stderr: `no space left on the file system of ${folder}/: the new file has 100000 bytes, and 65536 are free\n`,
    })
    t.not(much.real.exitCode, 0)
    const little = both(full, copy, { content: 'x'.repeat(60_000), dest })
    t.equal(little.dry.exitCode, 0)
    t.equal(little.real.exitCode, 0)
    const noInode = within(
      shell,
      ...['unshare', '--mount', 'sh', '-c', `mount -t tmpfs -o nr_inodes=1 none ${folder} && exec "$@"`, 'sh'],
    )
    const { dry, real } = both(noInode, copy, { content: 'x', dest })
    t.match(dry, { exitCode: 1, stderr: `no inode left on the file system of ${folder}/\n` })
    t.not(real.exitCode, 0)
  })
}
