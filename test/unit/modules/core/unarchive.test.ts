import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { copy } from '../../../../src/modules/core/copy.ts'
import { file } from '../../../../src/modules/core/file.ts'
import { unarchive } from '../../../../src/modules/core/unarchive.ts'
import { setArchiveAttributes } from '../../../../src/modules/support/archive-scripts.ts'
import type { Task } from '../../../../src/modules/task.ts'
import { play } from '../../../../src/playbook/play.ts'
import { runSteps } from '../../../support/play-run.ts'
import { converge, runIn, type Shell } from '../../../support/shells.ts'
import { converged, descriptions, inEachShell } from '../each-shell.ts'

const run = (at: string, script: string): void => {
  execFileSync('sh', ['-e', '-c', script], { cwd: at, stdio: 'pipe' })
}

/** `app.tgz` and `app.zip` of a directory with two files, and an empty directory `to`. */
function archives(folder: string): { tgz: Buffer; zip: Buffer; to: string } {
  run(
    folder,
    'mkdir -p in/app/bin to; echo one >in/app/one; echo "#!/bin/sh" >in/app/bin/run; chmod 755 in/app/bin/run',
  )
  run(folder, 'tar -czf app.tgz -C in app; cd in; zip -q -r ../app.zip app')
  const read = (name: string): Buffer => readFileSync(path.join(folder, name))
  return { tgz: read('app.tgz'), zip: read('app.zip'), to: path.join(folder, 'to') }
}

void t.test('unarchive extracts an archive of the controller, once', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { tgz, zip, to } = archives(folder)
    for (const [src, archive, handler, entries] of [
      ['app.tgz', tgz, 'TgzArchive', 4],
      ['app.zip', zip, 'ZipArchive', 4],
    ] as const) {
      const given = { src, dest: to, list_files: true }
      const first = converge(shell, unarchive, given, { inputs: { archive } })
      converged(t, first, [`extract ${src} into ${to} (${entries} entries)`])
      t.match(first.after.values, { src, dest: to, handler, files: ['app/', 'app/one', 'app/bin/', 'app/bin/run'] })
      t.equal(first.before.confidential, true, 'the archive is in no record')
      writeFileSync(path.join(to, 'app/one'), 'two')
      converged(t, converge(shell, unarchive, given, { inputs: { archive } }), descriptions(first.before))
      t.equal(readFileSync(path.join(to, 'app/one'), 'utf8'), 'one\n')
      const attributes = converge(shell, unarchive, { ...given, mode: '0700' }, { inputs: { archive } })
      converged(t, attributes, [`set owner, group and mode of what ${src} has in ${to} (4 differ)`])
      run(folder, 'rm -r to; mkdir to')
    }
  })
})

void t.test('unarchive extracts into a link to a directory that the archive has as a directory', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { tgz, zip, to } = archives(folder)
    for (const [src, archive] of [
      ['app.tgz', tgz],
      ['app.zip', zip],
    ] as const) {
      run(to, 'mkdir real; ln -s real app')
      const once = converge(shell, unarchive, { src, dest: to }, { inputs: { archive } })
      converged(t, once, [`extract ${src} into ${to} (4 entries)`])
      run(to, src === 'app.zip' ? '[ -L app ] && [ -f real/one ]' : '[ -f app/one ]')
      run(folder, 'rm -r to; mkdir to')
    }
  })
})

void t.test('unarchive changes nothing outside dest', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    run(folder, 'mkdir in to; echo one >in/one; echo private >shadow; chmod 600 shadow; cd in')
    run(`${folder}/in`, 'tar -cPf ../app.tar one ../shadow; zip -q ../app.zip one ../shadow')
    const dest = path.join(folder, 'to')
    const mode = (): string => (statSync(path.join(folder, 'shadow')).mode & 0o777).toString(8)
    for (const src of ['app.tar', 'app.zip']) {
      const inputs = { archive: readFileSync(path.join(folder, src)) }
      const refused = converge(shell, unarchive, { src, dest, mode: '0644' }, { inputs }).before.problem
      t.equal(refused, `archive ${src} has a name with "..", which may be outside dest: exclude ../shadow`)
      t.match(converge(shell, unarchive, { src, dest }, { inputs }).before.problem, 'exclude ../shadow')
      const given = { src, dest, mode: '0644' }
      const params = unarchive.definition.schema.parse(given)
      runIn(shell, setArchiveAttributes(params, inputs.archive, src === 'app.zip'))
      t.equal(mode(), '600')
      const excluded = converge(shell, unarchive, { ...given, exclude: ['../shadow'] }, { inputs })
      converged(t, excluded, [`extract ${src} into ${dest} (1 entries)`])
      run(folder, 'rm -r to; mkdir to')
    }
    run(`${folder}/in`, `mkdir -p "$(printf 'a\\nb')"; tar -cf ../line.tar .`)
    const inputs = { archive: readFileSync(path.join(folder, 'line.tar')) }
    t.equal(
      converge(shell, unarchive, { src: 'line.tar', dest, mode: '0644' }, { inputs }).before.problem,
      'archive line.tar has a name with a line end, whose attributes cannot be set: exclude "./a\\nb/"',
    )
    converged(t, converge(shell, unarchive, { src: 'line.tar', dest }, { inputs }), [
      `extract line.tar into ${dest} (3 entries)`,
    ])
  })
})

void t.test('unarchive extracts an archive that has a name twice', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    run(folder, 'mkdir to; echo one >a; tar -cf twice.tar a; echo other >a; tar -rf twice.tar a')
    const dest = path.join(folder, 'to')
    const inputs = { archive: readFileSync(path.join(folder, 'twice.tar')) }
    const { before, after } = converge(shell, unarchive, { src: 'twice.tar', dest }, { inputs })
    t.match(before.changes, [{ recurs: true }])
    t.match(after.changes, [{ recurs: true }], 'tar compares the first one, too')
    t.equal(readFileSync(path.join(dest, 'a'), 'utf8'), 'other\n')
  })
})

void t.test('unarchive leaves no temporary file, also of a damaged archive', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { to } = archives(folder)
    const temporary = path.join(folder, 'tmp')
    mkdirSync(temporary)
    const { definition } = unarchive
    const params = definition.schema.parse({ src: 'a.tgz', dest: to })
    const inputs = { archive: Buffer.from([0x1f, 0x8b, 1, 2]) }
    const observed = runIn(shell, definition.probe(params, inputs), { env: { TMPDIR: temporary } })
    t.match(definition.plan(params, observed, inputs, {}).problem, /^cannot read archive a\.tgz: gzip: /)
    run(temporary, '[ -z "$(ls -A)" ]')
  })
})

void t.test('unarchive names the package of a missing program', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { tgz, zip, to } = archives(folder)
    const bin = path.join(folder, 'bin')
    mkdirSync(bin)
    for (const name of 'mktemp rm cat base64 od tr stat sed id dirname sort xargs find gzip'.split(' '))
      symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), path.join(bin, name))
    const [program, ...options] = shell.argv
    const interpreter = execFileSync('which', [program], { encoding: 'utf8' }).trim()
    const withoutPath: Shell = { name: shell.name, argv: [interpreter, ...options] }
    const problem = (src: string, archive: Buffer): string | undefined => {
      const { definition } = unarchive
      const params = definition.schema.parse({ src, dest: to })
      const probe = definition.probe(params, { archive })
      const observed = runIn(withoutPath, probe, { env: { PATH: bin } })
      return definition.plan(params, observed, { archive }, {}).problem
    }
    t.match(problem('a.zip', zip), /install the package unzip/)
    t.match(problem('a.tgz', tgz), /GNU tar not found on this host: install the package tar/)
    writeFileSync(path.join(bin, 'tar'), '#!/bin/sh\necho "bsdtar 3.7.7"\n')
    chmodSync(path.join(bin, 'tar'), 0o755)
    t.match(problem('a.tgz', tgz), /GNU tar not found/)
  })
})

void t.test('check mode predicts what unarchive does in a directory that an earlier task creates', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const { tgz } = archives(folder)
    const { definition } = unarchive
    const dest = path.join(folder, 'new')
    const params = definition.schema.parse({ src: 'app.tgz', dest })
    const inputs = { archive: tgz }
    const observed = runIn(shell, definition.probe(params, inputs))
    t.match(definition.plan(params, observed, inputs, {}).problem, /new is not a directory: create it first/)
    const after = (changed: Record<string, unknown>) =>
      definition.planAfter?.(params, observed, { changed, known: changed }, inputs, {})
    const empty = { [`directory:${dest}`]: true, [`${dest}/.`]: true, [`${dest}/`]: true }
    t.same(descriptions(after(empty) ?? { changes: [] }), [`extract app.tgz into ${dest} (4 entries)`])
    t.equal(after({ '/srv/other': true }), undefined)
    t.notOk(existsSync(dest))
  })
})

void t.test('unarchive refuses what it leaves out, by name', async (t) => {
  const refusal = (params: object): string =>
    unarchive.definition.schema
      .safeParse({ src: 'a.tgz', dest: '/srv', ...params })
      .error?.issues.map(({ message }) => message)
      .join('; ') ?? ''
  t.match(refusal({ copy: false }), '"copy" is not supported: write remote_src')
  t.match(refusal({ keep_newer: true }), '"keep_newer" is not supported')
  t.match(refusal({ src: 'https://example.org/a.tgz' }), /download a URL with get_url/)
  t.match(refusal({ remote_src: true }), 'must be an absolute path on the host')
  t.match(refusal({ include: ['a'], exclude: ['b'] }), 'set either include or exclude')
})

void t.test(
  'check mode knows what unarchive extracts into a directory that a task of the same play creates',
  async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'labbook-unarchive-'))
    t.teardown(() => {
      rmSync(folder, { recursive: true })
    })
    archives(folder)
    const dest = path.join(folder, 'new/er')
    const steps = (...between: Task[]) => [
      play('Extract', { hosts: 'all' }, () => [
        file('Create', { path: dest, state: 'directory' }),
        ...between,
        unarchive('Extract', { src: path.join(folder, 'app.tgz'), dest }),
      ]),
    ]
    t.same((await runSteps(steps(), { check: true })).story, ['a Create: changed', 'a Extract: changed'])
    const write = copy('Write', { content: 'mine', dest: `${dest}/app` })
    t.match((await runSteps(steps(write), { check: true })).story.at(-1), 'a Extract: unknown')
    t.same((await runSteps(steps())).story, ['a Create: changed', 'a Extract: changed'])
    t.same((await runSteps(steps())).story, ['a Create: ok', 'a Extract: ok'])
  },
)
