import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { MarkedStream } from '../../../src/connection/marked-stream.ts'

const MARK = 'lb0123'

const bytes = fc
  .array(fc.constantFrom(0x0a, 0x6c, 0x62, 0x30, 0xff, 0x20), { maxLength: 40 })
  .map((list) => Buffer.from(list))

/** The words behind the next mark, and what came before it. */
async function next(stream: MarkedStream): Promise<{ before: Buffer; words: readonly string[] }> {
  const taken: Buffer[] = []
  const words = await stream.until(MARK, (chunk) => {
    taken.push(Buffer.from(chunk))
  })
  return { before: Buffer.concat(taken), words }
}

t.test('however a stream is cut into packets, it is split at its marks and nowhere else', async (t) => {
  await fc.assert(
    fc.asyncProperty(bytes, bytes, bytes, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), async (a, b, c, sizes) => {
      const stream = new PassThrough()
      const marked = new MarkedStream(stream)
      const all = Buffer.concat([a, Buffer.from(`\n${MARK} one 1\n`), b, Buffer.from(`\n${MARK}\n`), c])
      // Both are asked for before anything is there.
      const [first, second] = [next(marked), next(marked)]
      for (let at = 0; at < all.length; ) {
        const { value: size } = sizes.next()
        stream.write(all.subarray(at, at + size))
        at += size
      }
      const { before, words } = await first
      t.ok(before.equals(a) && words.join() === 'one,1')
      const then = await second
      t.ok(then.before.equals(b) && then.words.join() === '')
      stream.end()
      await new Promise((resolve) => stream.once('end', resolve))
      t.ok(marked.kept().equals(c))
    }),
    { numRuns: 200 },
  )
})

t.test('of what nobody takes only the end is kept', async (t) => {
  const stream = new PassThrough()
  const marked = new MarkedStream(stream)
  for (let i = 0; i < 200; i++) stream.write(Buffer.alloc(10_000, i))
  stream.end('last words')
  await new Promise((resolve) => stream.once('end', resolve))
  t.ok(marked.kept().length < 100_000)
  t.match(marked.kept().toString('latin1'), /last words$/)
})

t.test('bytes go on at once, but for a line that may become a mark', async (t) => {
  const stream = new PassThrough()
  const marked = new MarkedStream(stream)
  const taken: string[] = []
  void marked.until(MARK, (chunk) => {
    taken.push(chunk.toString())
  })
  for (const chunk of ['no newline', 'a line\nanother', 'cut\nlb', '0', 'x\n', '\nlb01', '23 7\n']) {
    stream.write(chunk)
    await new Promise(setImmediate)
  }
  t.same(taken, ['no newline', 'a line\nanother', 'cut', '\nlb0x', '\n'])

  void marked.until(MARK, (chunk) => {
    taken.push(chunk.toString())
  })
  stream.write('\nlb')
  await new Promise(setImmediate)
  marked.end()
  t.equal(taken.at(-1), '\nlb', 'and that as well, when no mark will come any more')
})
