import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { connectionTarget } from '../../../src/connection/index.ts'
import { upload } from '../../../src/transfer/upload.ts'
import { programs } from '../../../src/transfer/upload-program.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'labbook-upload-'))
t.teardown(() => {
  rmSync(folder, { recursive: true, force: true })
})
const target = connectionTarget('here', { ansible_connection: 'local' })
const [src, dest] = [path.join(folder, 'from'), path.join(folder, 'a folder', 'to')]
const request = { target, src, dest }
const plan = async (params: object = {}) => {
  const look = await programs.look(request).then(
    (answer) => ({ stdout: JSON.stringify(answer), stderr: '', exitCode: 0 }),
    (error: Error) => ({ stdout: '', stderr: error.message, exitCode: 1 }),
  )
  return upload.definition.plan(upload.definition.schema.parse({ ...request, ...params }), look, {}, {})
}

t.test('what arrives is what was sent, whatever its size', async () => {
  const piece = 4 * 1024 * 1024
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.nat(200), fc.constantFrom(0, piece - 1, piece, piece + 1, 2 * piece + 3)),
      fc.nat(255),
      async (size, first) => {
        writeFileSync(src, Buffer.from(Array.from({ length: size }, (_, i) => (first + i * 31 + (i >> 9)) & 0xff)))
        await programs.send(request)
        return readFileSync(dest).equals(readFileSync(src))
      },
    ),
    { numRuns: 12 },
  )
})

t.test('what cannot be compressed arrives as well', async (t) => {
  const bytes = randomBytes(100_000)
  writeFileSync(src, bytes)
  await programs.send(request)
  t.ok(readFileSync(dest).equals(bytes))
})

t.test('a file that is there is not sent again; another one is', async (t) => {
  writeFileSync(src, 'one')
  await programs.send(request)
  t.strictSame((await plan()).changes, [])
  t.equal(statSync(dest).mode & 0o777, 0o644)
  writeFileSync(src, 'two')
  t.match((await plan()).changes, [{ description: `bring ${src} to here:${dest} (0.000 MB)` }])
  t.match(
    (await plan({ sha256: 'a'.repeat(64) })).problem,
    /from has the checksum [0-9a-f]{64}, not a{64}: it is damaged, or another file/,
  )
  t.notOk(existsSync(`${dest}.labbook.part`))
})

t.test('with force: false a file that is there is left alone, and one that is missing is sent', async (t) => {
  writeFileSync(src, 'one')
  await programs.send(request)
  writeFileSync(src, 'two')
  const look = async () =>
    upload.definition.plan(
      upload.definition.schema.parse({ ...request, force: false }),
      { stdout: JSON.stringify(await programs.look({ ...request, force: false })), stderr: '', exitCode: 0 },
      {},
      {},
    )
  t.strictSame((await look()).changes, [])
  rmSync(dest)
  t.match((await look()).changes, [{ description: /^bring / }])
})

t.test('what cannot be is said in a sentence', async (t) => {
  rmSync(src)
  t.match((await plan()).problem, /from is not there$/)
  await t.rejects(programs.look({ ...request, hint: 'the README says where it is' }), {
    name: 'Refusal',
    message: `${src} is not there: the README says where it is`,
  })
  writeFileSync(src, 'three')
  await t.rejects(programs.send({ ...request, dest: '/proc/nothing/here' }), { name: 'Refusal', message: /proc/ })
})
