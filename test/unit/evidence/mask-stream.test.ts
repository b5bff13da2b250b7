import fc from 'fast-check'
import t from 'tap'
import { Redactor } from '../../../src/evidence/redact.ts'
import { Secret } from '../../../src/values/secret.ts'

new Secret('pass:word one')
new Secret('zq')

const KEY = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIE+x/=\n'.repeat(400)}-----END RSA PRIVATE KEY-----\n`

/** Masks a text cut into chunks; the sizes come again and again. */
function inChunks(bytes: Buffer, sizes: readonly number[]): Buffer {
  const out: Buffer[] = []
  const stream = new Redactor().stream((masked) => {
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

t.test('however a long output is cut into chunks, it is masked as if it were one', async () => {
  const texts = fc
    .array(fc.oneof(pieces, pieces, fillers), { minLength: 1, maxLength: 30 })
    .map((list) => list.join(''))
  fc.assert(
    fc.property(texts, fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 }), (text, sizes) => {
      const bytes = Buffer.from(text)
      return inChunks(bytes, sizes.includes(1) ? [1, 60_000] : sizes).toString() === new Redactor().text(text)
    }),
    { numRuns: 150 },
  )
})

t.test('a secret is masked at whatever place a piece ends', async (t) => {
  const secret = 'pass:word one'
  const whole = new Redactor()
  // The first secret of a text lies across the place where its first piece ends.
  const wrong = Array.from(
    { length: secret.length + 4 },
    (_, k) => 'x'.repeat(64 * 1024 - k) + secret + 'y'.repeat(100_000),
  )
    .concat(
      Array.from({ length: secret.length + 4 }, (_, k) => 'x'.repeat(80 * 1024 - k) + secret + 'y'.repeat(100_000)),
    )
    // And there are so many that one lies across each later place.
    .concat(Array.from({ length: 31 }, (_, k) => 'x'.repeat(k) + `${secret}0123456789 azq azq `.repeat(12_000)))
    .filter((text) => inChunks(Buffer.from(text), [32_768]).toString() !== whole.text(text))
  t.equal(wrong.length, 0)
})

t.test('where no secret is, every byte stays as it is', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256))
  t.ok(inChunks(bytes, [1000, 1, 65_536]).equals(bytes))
})

t.test('a secret made after the first is masked in what is opened then', async (t) => {
  new Secret('a-late-secret')
  t.equal(inChunks(Buffer.from('say a-late-secret'), [5]).toString(), 'say [REDACTED]')
})

t.test('little is held back, and it does not grow', async (t) => {
  let [given, got, most] = [0, 0, 0]
  const stream = new Redactor().stream(({ length }) => {
    got += length
  })
  for (let i = 0; i < 400; i++) {
    stream.push(Buffer.alloc(10_000, ['a', '\n', '://x', 'zq'][i % 4]))
    given += 10_000
    most = Math.max(most, given - got)
  }
  t.ok(most < 300_000, `${most}`)
})

t.test('where a long output was cut, the half of a secret on either side goes too', async (t) => {
  const [head, tail] = ['h'.repeat(520_000), 't'.repeat(520_000)]
  const masked = new Redactor().text(
    `${head}pass:wo\n[... 1000 bytes left out; all 1041000 are in output/1.txt ...]\nrd one${tail}`,
  )
  t.notMatch(masked, /pass|rd one/)
  t.match(masked, /^h+\n\[\.\.\. \d+ bytes left out; all 1041000 are in output\/1\.txt \.\.\.\]\nt+$/)
  const shown = (masked.match(/[ht]/g) ?? []).length
  t.ok(shown > 1_000_000)
})
