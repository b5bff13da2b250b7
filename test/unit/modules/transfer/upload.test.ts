import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { connectionSettings } from '../../../../src/connection/index.ts'
import { file } from '../../../../src/modules/index.ts'
import { upload } from '../../../../src/modules/transfer/upload.ts'
import { play } from '../../../../src/playbook/play.ts'
import { programs } from '../../../../src/modules/transfer/upload-program.ts'
import { runSteps } from '../../../support/play-run.ts'
import { runs } from '../../../support/seed.ts'

const directory = mkdtempSync(path.join(tmpdir(), 'labbook-upload-'))
t.teardown(() => {
  rmSync(directory, { recursive: true, force: true })
})
const target = connectionSettings('here', { ansible_connection: 'local' })
const [src, dest] = [path.join(directory, 'from'), path.join(directory, 'a directory', 'to')]
const request = { target, src, dest }
const plan = async (params: object = {}) => {
  const observed = await programs.compare(request).then(
    (answer) => ({ stdout: JSON.stringify(answer), stderr: '', exitCode: 0 }),
    (error: unknown) => ({ stdout: '', stderr: (error as Error).message, exitCode: 1 }),
  )
  return upload.definition.plan(upload.definition.schema.parse({ ...request, ...params }), observed, {}, {})
}

t.test('uploaded file is identical to the source, whatever its size', async () => {
  const chunk = 4 * 1024 * 1024
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.nat(200), fc.constantFrom(0, chunk - 1, chunk, chunk + 1, 2 * chunk + 3)),
      fc.nat(255),
      async (size, first) => {
        writeFileSync(src, Buffer.from(Array.from({ length: size }, (_, i) => (first + i * 31 + (i >> 9)) & 0xff)))
        await programs.send(request)
        return readFileSync(dest).equals(readFileSync(src))
      },
    ),
    { numRuns: runs(6) },
  )
})

t.test('incompressible file is uploaded too', async (t) => {
  const bytes = randomBytes(100_000)
  writeFileSync(src, bytes)
  await programs.send(request)
  t.ok(readFileSync(dest).equals(bytes))
})

t.test('identical file is not uploaded again, a changed one is', async (t) => {
  writeFileSync(src, 'one')
  await programs.send(request)
  t.strictSame((await plan()).changes, [])
  t.equal(statSync(dest).mode & 0o777, 0o644)
  writeFileSync(src, 'two')
  t.match((await plan()).changes, [{ description: `upload ${src} to here:${dest} (0.000 MB)` }])
  t.match(
    (await plan({ sha256: 'a'.repeat(64) })).problem,
    /^checksum of ".*from" is [0-9a-f]{64}, not a{64}: the file is damaged, or another file/,
  )
  t.same(readdirSync(path.dirname(dest)), ['to'], 'no other file is left')
})

t.test('uploads to one file at the same time do not mix, and leftovers of old ones are removed', async (t) => {
  const leftovers = ['old', 'new'].map((name) => path.join(path.dirname(dest), `.labbook.upload.${name}`))
  for (const file of leftovers) writeFileSync(file, '')
  utimesSync(leftovers[0] as string, 0, 0)
  const sources = Array.from({ length: 3 }, (_, i) => {
    const file = `${src}${i}`
    writeFileSync(file, Buffer.alloc(6_000_000, i))
    return file
  })
  await Promise.all(sources.map((file) => programs.send({ target, src: file, dest })))
  t.ok(sources.some((file) => readFileSync(file).equals(readFileSync(dest))))
  t.same(readdirSync(path.dirname(dest)), ['.labbook.upload.new', 'to'])
  rmSync(leftovers[1] as string)
  await t.rejects(programs.send({ target, src, dest: path.dirname(dest) }), /is a directory: append a file name/)
})

t.test('in check mode, a task that needs the file before it is uploaded is unknown, and does not fail', async (t) => {
  writeFileSync(src, 'one')
  const missing = path.join(directory, 'missing', 'program')
  const { story } = await runSteps(
    [
      play('p', { hosts: 'here' }, () => [
        upload('upload', { target, src, dest: missing, delegate_to: 'controller' }),
        file('change', { path: missing, state: 'file', mode: '0755' }),
      ]),
    ],
    { hosts: ['here', 'controller'], check: true },
  )
  t.strictSame(story, ['here upload: changed', 'here change: unknown'])
})

t.test('force: false keeps an existing file and uploads a missing one', async (t) => {
  writeFileSync(src, 'one')
  await programs.send(request)
  writeFileSync(src, 'two')
  const replan = async () =>
    upload.definition.plan(
      upload.definition.schema.parse({ ...request, force: false }),
      { stdout: JSON.stringify(await programs.compare({ ...request, force: false })), stderr: '', exitCode: 0 },
      {},
      {},
    )
  t.strictSame((await replan()).changes, [])
  rmSync(dest)
  t.match((await replan()).changes, [{ description: /^upload / }])
})

t.test('each error of upload is one sentence', async (t) => {
  rmSync(src)
  t.match((await plan()).problem, /from" does not exist$/)
  await t.rejects(programs.compare({ ...request, hint: 'the README says where to get it' }), {
    name: 'Refusal',
    message: `file "${src}" does not exist: the README says where to get it`,
  })
  writeFileSync(src, 'three')
  await t.rejects(programs.send({ ...request, dest: '/proc/nothing/here' }), { name: 'Refusal', message: /proc/ })
})
