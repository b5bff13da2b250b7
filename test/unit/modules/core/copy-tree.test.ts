import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type * as z from 'zod'
import { InputReader } from '../../../../src/execution/inputs.ts'
import { copy } from '../../../../src/modules/core/copy.ts'
import { file } from '../../../../src/modules/core/file.ts'
import { directoryKey } from '../../../../src/modules/support/effects.ts'
import type { Inputs } from '../../../../src/modules/module.ts'
import { converge, runIn, shells, type ConvergeResult, type Shell } from '../../../support/shells.ts'
import { converged, descriptions, inEachShell } from '../each-shell.ts'

type Given = z.input<typeof copy.definition.schema>
const permissions = (path: string): number => statSync(path).mode & 0o7777

/** A directory of the controller. */
const source = (t: Test): string =>
  t.testdir({
    conf: { 'a.conf': 'a\n', sub: { run: '#!/bin/sh\n', deep: { c: 'c\n' } }, link: t.fixture('symlink', 'a.conf') },
  })

async function read(t: Test, given: Given): Promise<Inputs> {
  return new InputReader(t.testdirName).readAll(copy.definition, copy.definition.schema.parse(given))
}

const run = async (t: Test, shell: Shell, given: Given): Promise<ConvergeResult<unknown>> =>
  converge(shell, copy, given, { inputs: await read(t, given) })

t.test('copy puts a directory of the controller, or what is in it, into another', async (t) => {
  source(t)
  chmodSync(join(t.testdirName, 'conf/sub/run'), 0o750)
  inEachShell(t, async (t2, shell, folder) => {
    const dest = join(folder, "it's")
    converged(t2, await run(t, shell, { src: 'conf', dest, mode: 'preserve', directory_mode: '0711' }), [
      `create directory ${dest}/conf (0711)`,
      `create ${dest}/conf/a.conf (0644)`,
      `create ${dest}/conf/link (0644)`,
      `create directory ${dest}/conf/sub (0711)`,
      `create directory ${dest}/conf/sub/deep (0711)`,
      `create ${dest}/conf/sub/deep/c (0644)`,
      `create ${dest}/conf/sub/run (0750)`,
    ])
    t2.equal(permissions(`${dest}/conf/sub/run`), 0o750)
    t2.equal(permissions(`${dest}/conf`), 0o711)
    t2.equal(readFileSync(`${dest}/conf/link`, 'utf8'), 'a\n')
    writeFileSync(`${dest}/conf/a.conf`, 'old\n')
    const again = await run(t, shell, { src: 'conf/', dest: `${dest}/conf/`, local_follow: false })
    converged(t2, again, [`update ${dest}/conf/a.conf`, `replace file by link ${dest}/conf/link to a.conf`])
    t2.same(again.before.changes[0]?.diff, { subject: `${dest}/conf/a.conf`, before: 'old\n', after: 'a\n' })
    t2.equal(readlinkSync(`${dest}/conf/link`), 'a.conf')
  })
})

t.test('what is in the way of a directory is an error before anything is changed', async (t) => {
  source(t)
  inEachShell(t, async (t2, shell, folder) => {
    writeFileSync(join(folder, 'f'), '')
    mkdirSync(join(folder, 'd/a.conf'), { recursive: true })
    const problem = async (given: Given): Promise<string | undefined> => (await run(t, shell, given)).before.problem
    t2.match(await problem({ src: 'conf', dest: join(folder, 'f') }), '/f exists and is not a directory')
    t2.match(await problem({ src: 'conf/', dest: join(folder, 'd') }), '/d/a.conf is a directory')
    t2.match(await problem({ src: 'conf/', dest: join(folder, 'e'), owner: 'nosuch' }), 'user "nosuch" does not exist')
    t2.match(await problem({ src: 'conf/', dest: join(folder, 'e'), mode: 'o=g,g=u,u=o' }), 'with each run')
  })
})

t.test('check mode knows that an earlier task makes the directory', async (t) => {
  source(t)
  const dest = join(t.testdirName, 'new')
  const given = { src: 'conf/', dest }
  const inputs = await read(t, given)
  const params = copy.definition.schema.parse(given)
  const observed = runIn(shells[0], copy.definition.probe(params, inputs))
  const after = (changed: Record<string, unknown>) =>
    copy.definition.planAfter?.(params, observed, { changed, known: changed }, inputs, {})
  t.same(
    descriptions(after({ [directoryKey(dest)]: true }) ?? { changes: [] }),
    descriptions(copy.definition.plan(params, observed, inputs, {})).slice(1),
  )
  t.equal(after({ [join(dest, 'a.conf')]: Buffer.from('') }), undefined)
  const { leaves } = copy.definition.plan(params, observed, inputs, {})
  t.same(
    Object.keys(leaves ?? {}).filter((key) => key.startsWith('directory:')),
    [directoryKey(dest), directoryKey(`${dest}/sub`), directoryKey(`${dest}/sub/deep`)],
  )
})

t.test('a directory that ends in a slash is created for a file', async (t) => {
  source(t)
  inEachShell(t, async (t2, shell, folder) => {
    const dest = `${folder}/x/y/`
    converged(t2, await run(t, shell, { src: 'conf/a.conf', dest, directory_mode: 'g+w' }), [
      `create directory ${folder}/x/y (0775)`,
      `create ${folder}/x/y/a.conf`,
    ])
    t2.equal(permissions(`${folder}/x`), 0o775)
  })
})

t.test('remote_src copies a file or directory of the host', async (t) => {
  inEachShell(t, async (t, shell, folder) => {
    const from = join(folder, '-from')
    mkdirSync(join(from, 'sub'), { recursive: true })
    writeFileSync(join(from, "it's"), 'a\n')
    writeFileSync(join(from, 'sub/b'), 'b\n')
    chmodSync(join(from, 'sub/b'), 0o4755)
    converge(shell, file, { path: join(from, 'link'), src: 'sub', state: 'link' })
    const into = join(folder, 'into')
    converged(t, await run(t, shell, { remote_src: true, src: from, dest: into, owner: 4242 }), [
      `create directory ${into}`,
      `copy 2 new directories, 3 new files of ${from} to ${into}/-from (4242)`,
    ])
    t.match(statSync(`${into}/-from/sub/b`), { uid: 4242 })
    t.equal(readlinkSync(`${into}/-from/link`), 'sub')
    t.match(lstatSync(`${into}/-from/link`), { uid: 4242 })
    writeFileSync(join(from, 'sub/b'), 'new\n')
    chownSync(`${into}/-from/sub/b`, 1, 2)
    const again = await run(t, shell, { remote_src: true, src: `${from}/`, dest: `${into}/-from` })
    converged(t, again, [`copy 1 changed file of ${from}/ to ${into}/-from`])
    t.same(again.before.changes[0]?.diff?.before, `${into}/-from/sub/b\n`)
    t.match(statSync(`${into}/-from/sub/b`), { uid: 1, gid: 2 })
    const problem = async (given: Given): Promise<string | undefined> =>
      (await run(t, shell, { remote_src: true, ...given })).before.problem
    t.match(await problem({ src: from, dest: `${from}/sub` }), 'would be copied into itself')
    t.match(await problem({ src: `${folder}/./-from`, dest: `${from}/sub` }), 'would be copied into itself')
    t.match(await problem({ src: `${from}/`, dest: into, backup: true }), 'backup and validate are for files')
    t.match(await problem({ src: `${from}/nothing`, dest: into }), 'does not exist on this host')
    writeFileSync(join(from, 'two\nlines'), '')
    t.match(await problem({ src: from, dest: into }), 'a name with a newline')
  })
})

t.test('parameters that cannot be combined are refused', async (t) => {
  const refused = (given: object): string | undefined =>
    copy.definition.schema.safeParse(given).error?.issues[0]?.message
  t.match(refused({ dest: '/a', content: 'x', mode: 'preserve' }), 'require src')
  t.match(refused({ dest: '/a', content: 'x', remote_src: true }), 'require src')
  t.match(refused({ dest: '/a', src: 'b', remote_src: true }), 'absolute path on the host')
  t.match(refused({ dest: '/a', src: '/./', remote_src: true }), 'the whole file system')
  t.match(refused({ dest: '/a', src: 'x/..' }), 'must not end in ..')
  t.match(refused({ dest: '/a', src: 'x', decrypt: true }), '"decrypt" is not supported')
})
