import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { Redactor } from '../../../src/evidence/redactor.ts'
import { SecretMatcher } from '../../../src/evidence/secret-matcher.ts'
import { secret } from '../../../src/values/secret.ts'
import { runs } from '../../support/seed.ts'

/** `PROPERTY_RUNS=10` tests 10 MB, and 100,000 secrets. */
const FACTOR = runs(1) > 1 ? 10 : 1

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** The same by a regular expression, which has limits in size and number. */
function expected(forms: readonly string[], text: string): string {
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length)
  const alternatives = longestFirst.map((form) =>
    form.length < 4 ? `(?<![\\p{L}\\p{N}_])${escape(form)}(?![\\p{L}\\p{N}_])` : escape(form),
  )
  return text.replace(new RegExp(`(?:${alternatives.join('|')})`, 'gu'), '#').replaceAll(/#+/g, '#')
}

t.test('secrets are found where a regular expression of them finds them', (t) => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '_', '.', '😀'), minLength: 1, maxLength: 7 })
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 6 }),
      fc.array(fc.oneof(word, fc.constant('ab'))),
      (forms, parts) => {
        const matcher = new SecretMatcher()
        for (const form of forms) matcher.add(form)
        const text = [...parts, forms[0]].join('')
        t.equal(
          matcher.replace(text, '#').replaceAll(/#+/g, '#'),
          expected(forms, text),
          JSON.stringify({ forms, text }),
        )
      },
    ),
    { numRuns: FACTOR * 500 },
  )
  t.end()
})

/** Text without a pattern, the same in each run. */
const noise = (length: number): string =>
  Array.from({ length: Math.ceil(length / 43) }, (_, i) => createHash('sha256').update(String(i)).digest('base64url'))
    .join('')
    .slice(0, length)

const redactor = new Redactor()

for (const [name, value] of [
  ['one character', '~'],
  ['24,600 equal characters', 'k'.repeat(24_600)],
  [`${FACTOR} MB`, noise(FACTOR * 1_000_000)],
] as const)
  t.test(`a secret of ${name} is masked, also in JSON and base64`, (t) => {
    secret(value)
    const sample = value.slice(-3000)
    const masked = redactor.maskText(`before ${value} after`)
    t.match(masked, /^before (?:\[REDACTED\])+ after$/)
    t.notOk(JSON.stringify(redactor.maskText(JSON.stringify({ value }))).includes(sample))
    if (value.length > 3)
      t.notOk(
        redactor
          .maskText(Buffer.from(value).toString('base64'))
          .includes(Buffer.from(sample).toString('base64').slice(8, 40)),
      )
    t.ok(redactor.mayContainSecret(JSON.stringify({ value: `before ${value} after` })))
    t.end()
  })

t.test(`${FACTOR * 10_000} secrets are masked, and text without one stays as it is`, (t) => {
  for (let i = 0; i < FACTOR * 10_000; i++) secret(`pass${i.toString(36).padStart(6, 'x')}`)
  t.equal(redactor.maskText('a passxxxxxx b passxxx255 c passwords'), 'a [REDACTED] b [REDACTED] c passwords')
  t.end()
})

t.test('an error while masking shows no secret', (t) => {
  const program = `
    import { Redactor } from './src/evidence/redactor.ts'
    import { secret } from './src/values/secret.ts'
    const value = secret('very-confidential')
    const event = { get type() { throw new Error(value.reveal()) } }
    new Redactor().maskEvent(event)`
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import=tsx', '--input-type=module', '--eval', program],
    { encoding: 'utf8', cwd: `${import.meta.dirname}/../../..` },
  )
  t.not(status, 0)
  t.match(stderr, 'secrets could not be masked')
  t.notMatch(stdout + stderr.replace(program, ''), /Error: very-confidential/)
  t.end()
})
