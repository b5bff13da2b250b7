import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { MarkedStream } from '../../../src/connection/marked-stream.ts'

const MARK = 'lb0123'

t.test('however a stream is cut into packets, it is split at its marks and nowhere else', async (t) => {
  const bytes = fc.array(fc.constantFrom(0x0a, 0x6c, 0x62, 0x30, 0xff, 0x20), { maxLength: 40 }).map((list) => Buffer.from(list))
  await fc.assert(fc.asyncProperty(bytes, bytes, bytes, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), async (a, b, c, sizes) => {
    const stream = new PassThrough()
    const marked = new MarkedStream(stream)
    const all = Buffer.concat([a, Buffer.from(`\n${MARK} one 1\n`), b, Buffer.from(`\n${MARK}\n`), c])
    const first = marked.until(MARK)
    for (let at = 0; at < all.length;) {
      const { value: size } = sizes.next()
      stream.write(all.subarray(at, at + size))
      at += size
    }
    const { before, words } = await first
    t.ok(before.equals(a) && words.join() === 'one,1')
    const second = await marked.until(MARK)
    t.ok(second.before.equals(b) && second.words.join() === '')
    stream.end()
    await new Promise((resolve) => stream.once('end', resolve))
    t.ok(marked.kept().equals(c))
  }), { numRuns: 200 })
})
