import fc from 'fast-check'
import t from 'tap'
import { Redactor } from '../../../src/evidence/redactor.ts'
import { Secret } from '../../../src/values/secret.ts'
import { runs } from '../../support/seed.ts'

new Secret('pass:word one')
new Secret('zq')

const KEY = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIE+x/=\n'.repeat(400)}-----END RSA PRIVATE KEY-----\n`

/** Masks a text split into chunks of the given sizes, repeated. */
function inChunks(bytes: Buffer, sizes: readonly number[]): Buffer {
  const out: Buffer[] = []
  const stream = new Redactor().maskStream((masked) => {
    out.push(Buffer.from(masked))
  })
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    stream.push(bytes.subarray(at, at + size))
    at += size
  }
  stream.end()
  return Buffer.concat(out)
}

const pieces = fc.constantFrom(
  'pass:word one',
  'pass:word one'.slice(0, 6),
  'cGFzczp3b3JkIG9uZQ==',
  'pass%3Aword%20one',
  ' zq ',
  'azqa',
  '\n',
  'x',
  KEY,
  KEY.slice(0, 700),
  'Authorization: Bearer abc.def',
  'https://me:pass:word one@host/',
  'https://me:other@host/',
  'SWMTKN-1-49nj1-8vxv8',
  '-----END',
  '://',
  '\u00e9',
)
const fillers = fc.integer({ min: 0, max: 40_000 }).map((length) => 'filler, '.repeat(length / 8))

t.test('masking does not depend on chunk sizes', async () => {
  const texts = fc
    .array(fc.oneof(pieces, pieces, fillers), { minLength: 1, maxLength: 30 })
    .map((list) => list.join(''))
  fc.assert(
    fc.property(texts, fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 }), (text, sizes) => {
      const bytes = Buffer.from(text)
      return inChunks(bytes, sizes.includes(1) ? [1, 60_000] : sizes).toString() === new Redactor().maskText(text)
    }),
    { numRuns: runs(50) },
  )
})

t.test('secret that spans a chunk boundary is masked', async (t) => {
  const secret = 'pass:word one'
  const whole = new Redactor()
  // The first secret of each text spans its first chunk boundary.
  const wrong = Array.from(
    { length: secret.length + 4 },
    (_, k) => 'x'.repeat(64 * 1024 - k) + secret + 'y'.repeat(100_000),
  )
    .concat(
      Array.from({ length: secret.length + 4 }, (_, k) => 'x'.repeat(80 * 1024 - k) + secret + 'y'.repeat(100_000)),
    )
    // So many secrets that one spans each later boundary.
    .concat(Array.from({ length: 31 }, (_, k) => 'x'.repeat(k) + `${secret}0123456789 azq azq `.repeat(12_000)))
    .filter((text) => inChunks(Buffer.from(text), [32_768]).toString() !== whole.maskText(text))
  t.equal(wrong.length, 0)
})

t.test('bytes without a secret pass unchanged', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256))
  t.ok(inChunks(bytes, [1000, 1, 65_536]).equals(bytes))
})

t.test('secret registered later is masked in streams opened after it', async (t) => {
  new Secret('a-late-secret')
  t.equal(inChunks(Buffer.from('say a-late-secret'), [5]).toString(), 'say [REDACTED]')
})

t.test('held-back bytes are bounded', async (t) => {
  let [written, received, most] = [0, 0, 0]
  const stream = new Redactor().maskStream(({ length }) => {
    received += length
  })
  for (let i = 0; i < 400; i++) {
    stream.push(Buffer.alloc(10_000, ['a', '\n', '://x', 'zq'][i % 4]))
    written += 10_000
    most = Math.max(most, written - received)
  }
  t.ok(most < 300_000, `${most}`)
})

t.test('halves of a secret around a truncation are removed', async (t) => {
  const [head, tail] = ['h'.repeat(520_000), 't'.repeat(520_000)]
  const masked = new Redactor().maskText(
    `${head}pass:wo\n[... 1000 bytes left out; all 1041000 are in output/1.txt ...]\nrd one${tail}`,
  )
  t.notMatch(masked, /pass|rd one/)
  t.match(masked, /^h+\n\[\.\.\. \d+ bytes left out; all 1041000 are in output\/1\.txt \.\.\.\]\nt+$/)
  const remaining = (masked.match(/[ht]/g) ?? []).length
  t.ok(remaining > 1_000_000)
})
