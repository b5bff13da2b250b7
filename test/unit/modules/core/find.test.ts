import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path, { join } from 'node:path'
import t from 'tap'
import { find, type FindValues } from '../../../../src/modules/core/find.ts'
import type { Plan } from '../../../../src/modules/module.ts'
import { tempfile } from '../../../../src/modules/core/tempfile.ts'
import { runIn, shells, type Shell } from '../../../support/shells.ts'
import { inEachShell } from '../each-shell.ts'

const FIXTURES = path.join(import.meta.dirname, '../../../fixtures/files')
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(FIXTURES, name), 'utf8'))

interface FindCase {
  readonly id: string
  readonly params: object
  readonly init: string
  /** Id of the user who searches. */
  readonly user?: number
}
interface Answer {
  readonly case: string
  readonly failed?: boolean
  readonly files?: readonly (readonly [path: string, mode: string, checksum: string | null])[]
  readonly matched?: number
  readonly msg?: string
  readonly skipped?: Readonly<Record<string, string>>
}

const { definition } = find

function findIn(shell: Shell, given: object): Pick<Plan<FindValues>, 'values' | 'problem' | 'reads'> {
  const { data, error } = definition.schema.safeParse(given)
  if (data === undefined) return { problem: error.issues[0]?.message ?? '' }
  return definition.plan(data, runIn(shell, definition.probe(data, {})), {}, {})
}

const asUser = (shell: Shell, user: number | undefined): Shell =>
  user === undefined
    ? shell
    : { ...shell, argv: ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', ...shell.argv] }

t.test('find finds and skips what that of Ansible does', async (t) => {
  const cases = read('finds.json') as readonly FindCase[]
  const answers = new Map((read('found.json') as readonly Answer[]).map((answer) => [answer.case, answer]))
  for (const shell of shells) {
    const folder = mkdtempSync(join(tmpdir(), 'labbook-find-'))
    const at = join(folder, 't')
    let started = ''
    try {
      chmodSync(folder, 0o755)
      // The script differs little from case to case: the other shells run each third.
      for (const { id, params, init, user } of cases.filter((_, at) => shell === shells[0] || at % 3 === 0)) {
        const answer = answers.get(id)
        if (init !== started) {
          rmSync(at, { recursive: true, force: true })
          mkdirSync(at)
          const { status, stderr } = spawnSync('sh', ['-e', '-c', init.replaceAll('/t/', `${at}/`)])
          t.equal(status, 0, String(stderr))
          started = init
        }
        const { values, problem } = findIn(
          asUser(shell, user),
          JSON.parse(JSON.stringify(params).replaceAll('/t/', `${at}/`)) as object,
        )
        if (answer?.failed === true) {
          t.type(problem, 'string', `${id}: refused`)
          continue
        }
        const files = (values?.files ?? [])
          .map((file) => [file.path.replace(at, '/t'), file.mode, file.checksum ?? null] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1))
        const { matched, msg, skipped_paths = {} } = values ?? {}
        const skipped = JSON.parse(JSON.stringify(skipped_paths).replaceAll(at, '/t')) as object
        const has = Object.keys(skipped).length > 0
        t.same({ case: id, files, matched, msg, ...(has ? { skipped } : {}) }, answer, `${shell.name}: ${id}`)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
})

t.test('find reads where its paths lead', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'real'))
    symlinkSync('real', join(folder, 'link'))
    t.ok(findIn(shell, { paths: join(folder, 'link') }).reads?.includes(`${realpathSync(folder)}/real/`))
  })
  const reads = (given: object) => definition.reads?.(definition.schema.parse({ paths: '/a', ...given }))
  t.ok(reads({})?.includes('/a/'))
  t.equal(reads({ follow: true }), undefined)
})

t.test('find gives facts as stat does, a limit, and refuses names with a newline', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    writeFileSync(join(folder, 'a'), 'text')
    writeFileSync(join(folder, 'b'), 'text')
    const { values } = findIn(shell, { paths: folder, limit: 1 })
    t.equal(values?.msg, 'Limit of matches reached')
    const [file] = values?.files ?? []
    const { ino, dev, nlink, uid, mtimeMs } = statSync(file?.path ?? '')
    t.match(file, {
      isreg: true,
      isdir: false,
      size: 4,
      inode: ino,
      dev,
      nlink,
      uid,
      mtime: Math.trunc(mtimeMs / 1000),
    })
    writeFileSync(join(folder, 'c\nfile 81a4'), '')
    t.match(findIn(shell, { paths: folder }).problem, 'contains a newline')
    t.match(findIn(shell, { paths: folder, contains: '(?=a)' }).problem, 'is not supported')
    t.match(findIn(shell, { paths: folder, use_regex: true, patterns: '(' }).problem, 'the regular expression')
    t.match(findIn(shell, { paths: folder, read_whole_file: true }).problem, '"read_whole_file" is not supported')
  })
})

t.test('find names a directory whose entries it cannot examine', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    mkdirSync(join(folder, 'listed'))
    writeFileSync(join(folder, 'listed/file'), '')
    chmodSync(join(folder, 'listed'), 0o744)
    chmodSync(folder, 0o755)
    const { values } = findIn(asUser(shell, 4242), { paths: folder, recurse: true })
    t.same(values, {
      files: [],
      matched: 0,
      msg: 'Not all paths examined, check warnings for details',
      skipped_paths: { [join(folder, 'listed')]: `[Errno 13] Permission denied: '${join(folder, 'listed')}'` },
    })
  })
})

t.test('tempfile creates files and directories with random names', async (t) => {
  inEachShell(t, (t, shell, folder) => {
    const create = (given: object) => {
      const params = tempfile.definition.schema.parse(given)
      const [change] = tempfile.definition.plan(params, { stdout: '', stderr: '', exitCode: 0 }, {}, {}).changes
      return tempfile.definition.result?.(params, [runIn(shell, change?.script ?? '')])
    }
    const file = create({ path: folder, prefix: "it's ", suffix: '.txt' })?.values.path ?? ''
    t.match(file, new RegExp(`^${folder}/it's [0-9a-f]{8}\\.txt$`))
    t.same([statSync(file).isFile(), statSync(file).mode & 0o7777], [true, 0o600])
    const inDefault = create({ prefix: 'labbook-test.' })?.values.path ?? ''
    t.match(inDefault, /\/labbook-test\.[0-9a-f]{8}$/)
    rmSync(inDefault)
    const { definition } = tempfile
    const anywhere = definition.schema.parse({})
    const found = runIn(shell, definition.probe(anywhere, {}), { env: { TMPDIR: '/var/tmp' } })
    t.match(definition.plan(anywhere, found, {}, {}).changes, [{ sets: ['/var/tmp/ansible.*'] }])
    const directory = create({ path: folder, state: 'directory' })?.values.path ?? ''
    t.match(directory, new RegExp(`^${folder}/ansible\\.[0-9a-f]{8}$`))
    t.same([statSync(directory).isDirectory(), statSync(directory).mode & 0o7777], [true, 0o700])
    t.not(create({ path: folder })?.values.path, create({ path: folder })?.values.path)
    t.equal(create({ path: join(folder, 'no') })?.failed, `${folder}/no is not a directory`)
    t.equal(tempfile.definition.schema.safeParse({ prefix: 'a/b' }).success, false)
  })
})
