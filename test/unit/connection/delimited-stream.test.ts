import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { DelimitedStream } from '../../../src/connection/delimited-stream.ts'

const MARK = 'lb0123'

const bytes = fc
  .array(fc.constantFrom(0x0a, 0x6c, 0x62, 0x30, 0xff, 0x20), { maxLength: 40 })
  .map((list) => Buffer.from(list))

/** The fields of the next delimiter, and the bytes before it. */
async function next(stream: DelimitedStream): Promise<{ before: Buffer; fields: readonly string[] }> {
  const received: Buffer[] = []
  const fields = await stream.readUntil(MARK, (chunk) => {
    received.push(Buffer.from(chunk))
  })
  return { before: Buffer.concat(received), fields }
}

t.test('stream is split exactly at its delimiters, whatever the chunk sizes', async (t) => {
  await fc.assert(
    fc.asyncProperty(bytes, bytes, bytes, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), async (a, b, c, sizes) => {
      const stream = new PassThrough()
      const marked = new DelimitedStream(stream)
      const all = Buffer.concat([a, Buffer.from(`\n${MARK} one 1\n`), b, Buffer.from(`\n${MARK}\n`), c])
      // Both are requested before any data arrives.
      const [first, second] = [next(marked), next(marked)]
      for (let at = 0; at < all.length; ) {
        const size = sizes.next().value as number
        stream.write(all.subarray(at, at + size))
        at += size
      }
      const { before, fields } = await first
      t.ok(before.equals(a) && fields.join() === 'one,1')
      const then = await second
      t.ok(then.before.equals(b) && then.fields.join() === '')
      stream.end()
      await new Promise((resolve) => stream.once('end', resolve))
      t.ok(marked.recent().equals(c))
    }),
    { numRuns: 200 },
  )
})

t.test('output without a receiver keeps only its end', async (t) => {
  const stream = new PassThrough()
  const marked = new DelimitedStream(stream)
  for (let i = 0; i < 200; i++) stream.write(Buffer.alloc(10_000, i))
  stream.end('last line')
  await new Promise((resolve) => stream.once('end', resolve))
  t.ok(marked.recent().length < 100_000)
  t.match(marked.recent().toString('latin1'), /last line$/)
})

t.test('bytes are passed on at once, except a possible delimiter', async (t) => {
  const stream = new PassThrough()
  const marked = new DelimitedStream(stream)
  const received: string[] = []
  void marked.readUntil(MARK, (chunk) => {
    received.push(chunk.toString())
  })
  for (const chunk of ['no newline', 'a line\nanother', 'cut\nlb', '0', 'x\n', '\nlb01', '23 7\n']) {
    stream.write(chunk)
    await new Promise(setImmediate)
  }
  t.same(received, ['no newline', 'a line\nanother', 'cut', '\nlb0x', '\n'])

  void marked.readUntil(MARK, (chunk) => {
    received.push(chunk.toString())
  })
  stream.write('\nlb')
  await new Promise(setImmediate)
  marked.end()
  t.equal(received.at(-1), '\nlb', 'passed on when the stream has ended')
})
