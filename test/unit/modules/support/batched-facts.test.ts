import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, lutimesSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { z } from 'zod'
import { copy, file, group, lineinfile, stat, template, user } from '../../../../src/labbook.ts'
import type { ModuleCall } from '../../../../src/modules/task.ts'
import { BatchReader, composeBatch, type Probe, type Script } from '../../../../src/shell/batch.ts'
import { sh } from '../../../../src/shell/quote.ts'
import { shells, type Shell } from '../../../support/shells.ts'
import { runs } from '../../../support/seed.ts'

/* Probes of one batch share facts. Batched or single, they must return the same. */

const MARK = 'lb-shared'
const folder = t.testdir()
const NAMES = [
  'plain',
  'with space',
  'with_space',
  'with-space',
  "quo'te",
  'back\\slash',
  'new\nline',
  '-dash',
  '_2f_',
  'ä',
  '$HOME',
  'link',
  'dangling',
  'gone',
  'gone/below',
  'dir/in',
  'dir',
  'secret',
  'long',
  'empty',
]

function lay(): void {
  rmSync(folder, { recursive: true })
  mkdirSync(path.join(folder, 'dir'), { recursive: true })
  for (const name of NAMES.filter((name) => !/^(link|dangling|gone.*|dir)$/.test(name))) {
    writeFileSync(
      path.join(folder, name),
      name === 'empty' ? '' : name === 'long' ? 'x'.repeat(300_000) : `content of ${name}\n`,
    )
  }
  chmodSync(path.join(folder, 'secret'), 0o640)
  symlinkSync('plain', path.join(folder, 'link'))
  symlinkSync('nowhere', path.join(folder, 'dangling'))
  for (const name of ['link', 'dangling']) lutimesSync(path.join(folder, name), 1e9, 1e9)
}

type AnyCall = ModuleCall<z.ZodObject, never>

function probe({ definition }: AnyCall, params: object): Probe {
  const parsed = definition.schema.parse(params)
  return {
    text: definition.probe(parsed, {}),
    factQueries: definition.batchedFacts?.(parsed, {}) ?? [],
    sideEffectFree: definition.sideEffectFree === true,
  }
}

const account = fc.constantFrom('root', 'daemon', 'nobody', 'no-such', '0', '1', '65534', 'www-data')
const asked = fc.constantFrom(...NAMES).map((name) => path.join(folder, name))
const owners = { owner: fc.option(account, { nil: undefined }), group: fc.option(account, { nil: undefined }) }
const probes: fc.Arbitrary<Probe> = fc.oneof(
  fc
    .record({
      path: asked,
      state: fc.constantFrom('file', 'directory', 'absent', 'touch', undefined),
      follow: fc.boolean(),
      ...owners,
    })
    .map((params) => probe(file as never, params)),
  fc
    .record({
      dest: asked,
      content: fc.constantFrom('', 'content of plain\n', 'content of other\n', 'content of secret\n'),
      ...owners,
    })
    .map((params) => probe(copy as never, params)),
  fc.record({ dest: asked, src: fc.constant('x.j2'), ...owners }).map((params) => probe(template as never, params)),
  fc.record({ path: asked, line: fc.constant('a line') }).map((params) => probe(lineinfile as never, params)),
  fc
    .record({ path: asked, follow: fc.boolean(), get_checksum: fc.boolean() })
    .map((params) => probe(stat as never, params)),
  fc
    .record({
      name: fc.constantFrom('root', 'daemon', 'no-such', 'nobody'),
      uid: fc.option(fc.constantFrom(0, 1, 65534, 54321), { nil: undefined }),
    })
    .map((params) => probe(user as never, params)),
  fc
    .record({
      name: fc.constantFrom('root', 'daemon', 'no-such'),
      gid: fc.option(fc.constantFrom(0, 1, 54321), { nil: undefined }),
    })
    .map((params) => probe(group as never, params)),
)

interface Seen {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

function batch({ argv }: Shell, steps: readonly Script[], where: NodeJS.ProcessEnv = {}): Seen[] {
  const texts = new Map<string, string>()
  const reader = new BatchReader(MARK, (script, stream) => {
    let text = ''
    return {
      write: (chunk) => {
        text += chunk.toString('latin1')
      },
      end: () => {
        texts.set(`${script} ${stream}`, text)
      },
    }
  })
  const done = spawnSync(argv[0], argv.slice(1), {
    input: composeBatch(steps, MARK),
    env: { ...process.env, LC_ALL: 'C', ...where },
  })
  reader.write('stdout', done.stdout)
  reader.write('stderr', done.stderr)
  return reader.end().map(({ exitCode }, i) => ({
    exitCode,
    stdout: texts.get(`${i} stdout`) ?? '',
    stderr: (texts.get(`${i} stderr`) ?? '').replace(/^\S*?: (line )?\d+: /gm, ''),
  }))
}

for (const shell of shells) {
  t.test(`${shell.name}: batched probes return the same as single ones`, (t) => {
    lay()
    fc.assert(
      fc.property(fc.array(probes, { minLength: 2, maxLength: 12 }), (list) => {
        // As plain scripts, the same probes share no facts; one shell for all of them costs less than one each.
        const single = (): Seen[] =>
          batch(
            shell,
            list.map(({ text }) => text),
          )
        let before = single()
        for (;;) {
          const batched = batch(shell, list)
          if (isDeepStrictEqual(batched, before)) return
          // A package that is installed meanwhile, by another test, may add users and groups: then nothing is shown.
          const after = single()
          if (isDeepStrictEqual(after, before)) assert.deepEqual(batched, before)
          before = after
        }
      }),
      { numRuns: runs(20) },
    )
    t.end()
  })

  t.test(`${shell.name}: batched facts are not reused after a script`, (t) => {
    lay()
    const looks = ['plain', 'empty', 'gone'].map((name) =>
      probe(stat as never, { path: path.join(folder, name), get_checksum: true }),
    )
    const seen = batch(shell, [
      ...looks,
      sh`echo new >${path.join(folder, 'gone')}; rm ${path.join(folder, 'empty')}; chmod 600 ${path.join(folder, 'plain')}`,
      looks[0] as Probe,
      ':',
      ...looks.slice(1),
    ])
    const kinds = (list: Seen[]): string[] =>
      list.map(({ stdout }) =>
        stdout
          .split(/[\n\t]/)
          .slice(0, 2)
          .join(' '),
      )
    t.same(kinds(seen.slice(0, 3)), ['there 81a4', 'there 81a4', 'absent '])
    t.same(kinds(seen.slice(4)), ['there 8180', '', 'absent ', 'there 81a4'])
    t.end()
  })
}

t.test('a probe queries facts itself if the batch lacks them', (t) => {
  lay()
  const bin = path.join(folder, 'bin')
  mkdirSync(bin)
  // As if the first file had been removed meanwhile.
  writeFileSync(
    path.join(bin, 'stat'),
    `#!/bin/sh\n[ $# -le 4 ] || { one=$1 two=$2 three=$3; shift 4; set -- "$one" "$two" "$three" "$@"; }\nexec /usr/bin/stat "$@"\n`,
    { mode: 0o755 },
  )
  const list = ['plain', 'secret', 'empty'].map((name) =>
    probe(stat as never, { path: path.join(folder, name), get_checksum: true }),
  )
  t.same(
    batch(shells[0], list, { PATH: `${bin}:${process.env.PATH}` }),
    list.map((each) => batch(shells[0], [each.text])[0]),
  )
  t.end()
})

t.test('twenty files and ten users cost one process of each kind', (t) => {
  lay()
  const bin = path.join(folder, 'bin')
  mkdirSync(bin)
  for (const tool of ['stat', 'sha256sum', 'getent']) {
    const real = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim()
    writeFileSync(path.join(bin, tool), `#!/bin/sh\necho ${tool} >>${folder}/calls\nexec ${real} "$@"\n`, {
      mode: 0o755,
    })
  }
  const content = 'content of plain\n'
  const list = Array.from({ length: 20 }, (_, i) => path.join(folder, `f${i}`)).map((dest) => {
    writeFileSync(dest, content)
    return probe(copy as never, { dest, content, owner: 'root' })
  })
  const users = ['root', 'daemon', 'bin', 'sys', 'sync', 'games', 'man', 'lp', 'mail', 'news'].map((name) =>
    probe(user as never, { name }),
  )
  const seen = batch(shells[0], [...list, ...users], { PATH: `${bin}:${process.env.PATH}` })
  t.ok(seen.every(({ exitCode }) => exitCode === 0))
  const calls = readFileSync(path.join(folder, 'calls'), 'utf8').trim().split('\n')
  t.same(calls.sort(), ['getent', 'getent', 'sha256sum', 'stat'])
  t.end()
})
