import fc from 'fast-check'
import t from 'tap'
import { Redactor } from '../../../src/evidence/redact.ts'
import type { Notice } from '../../../src/run/events.ts'
import { quote } from '../../../src/shell/quote.ts'
import { Secret } from '../../../src/values/secret.ts'
import { exhibit, notice, result } from './events.ts'

const masked = (text: string): string => (new Redactor().event(notice(text)) as Notice).message

await t.test('masks a secret however deep it stands', async (t) => {
  new Secret('deep-Secret-1')
  const event = result('node1', 'changed', {
    changes: [
      { description: 'write deep-Secret-1', diff: { subject: '/etc/x', before: '', after: 'k=deep-Secret-1\n' } },
    ],
    commands: [
      {
        kind: 'change',
        script: "echo 'deep-Secret-1'",
        stdout: 'deep-Secret-1',
        stderr: '',
        exitCode: 0,
        durationMs: 1,
      },
    ],
  })
  t.notMatch(JSON.stringify(new Redactor().event(event)), /deep-Secret-1/)
})

await t.test('masks a secret in each form it takes on the way', async (t) => {
  const value = `it's a "p@ss" <wörd>/50%`
  new Secret(value)
  const forms = {
    'as it is': value,
    'shell-quoted': quote(value),
    'in JSON': JSON.stringify({ value }),
    'in the JSON of Go': '"it\'s a \\"p@ss\\" \\u003cwörd\\u003e/50%"',
    'in a URL': encodeURIComponent(value),
    'in a form': new URLSearchParams({ value }).toString(),
    'in base64': Buffer.from(value).toString('base64'),
    'in base64 with a line end': Buffer.from(`${value}\n`).toString('base64'),
    'in base64 without padding': Buffer.from(value).toString('base64url'),
    'in base64 behind a user name': Buffer.from(`root:${value}`).toString('base64'),
  }
  for (const [name, text] of Object.entries(forms)) {
    t.match(masked(`before ${text} after`), /^before .*\[REDACTED\].* after$/, name)
    t.notMatch(masked(`before ${text} after`), /p@ss|p%40ss/, name)
  }
})

await t.test('whatever the secret, neither it nor its quoted form is left', async () => {
  const text = fc
    .string({ minLength: 4, maxLength: 40, unit: 'grapheme' })
    .filter((s) => !s.includes('\0') && s.length >= 4)
  fc.assert(
    fc.property(text, fc.string(), (value, around) => {
      new Secret(value)
      const out = masked(`${around}\n${value}\n${quote(value)}\n${around}`)
      return !out.replaceAll('[REDACTED]', '').includes(value) || '[REDACTED]'.includes(value)
    }),
    { numRuns: 40 },
  )
})

await t.test('inside a longer base64 text, little of a secret is left, wherever it starts', async (t) => {
  const value = 'correct horse battery staple'
  new Secret(value)
  for (const user of ['a:', 'ab:', 'abc:']) {
    const out = masked(Buffer.from(`${user}${value}:end`).toString('base64'))
    const left = out
      .split('[REDACTED]')
      .map((part) => Buffer.from(part, 'base64').toString('latin1'))
      .join(' ')
    t.notMatch(left, /correct|orrect|horse|battery|staple/, user)
    t.match(out, '[REDACTED]', user)
  }
})

await t.test('masks each long line of a secret of several lines, and leaves the frame of a certificate', async (t) => {
  new Secret('-----BEGIN CERTIFICATE-----\nMIIBsecretline1\nyes\n-----END CERTIFICATE-----')
  t.equal(masked('got MIIBsecretline1'), 'got [REDACTED]')
  t.equal(masked('-----BEGIN CERTIFICATE-----'), '-----BEGIN CERTIFICATE-----')
  t.equal(masked('answer yes'), 'answer yes')
})

await t.test('masks a short secret only as a whole word', async (t) => {
  new Secret('zq')
  t.equal(masked('password zq, zqueue'), 'password [REDACTED], zqueue')
})

await t.test('masks what looks like a secret though nobody registered it', async (t) => {
  t.equal(
    masked('docker swarm join --token SWMTKN-1-49nj1cmql0-8vxv8rssmk 10.0.0.1:2377'),
    'docker swarm join --token [REDACTED] 10.0.0.1:2377',
  )
  t.equal(masked('Authorization: Bearer abc.def'), 'Authorization: Bearer [REDACTED]')
  t.equal(masked(`curl -H 'authorization: basic dXNlcg=='`), `curl -H 'authorization: basic [REDACTED]'`)
  t.equal(masked('https://me:p@ss@example.org/x'), 'https://me:[REDACTED]@example.org/x')
  t.equal(masked('https://example.org:80/x'), 'https://example.org:80/x')
  t.equal(
    masked('-----BEGIN RSA PRIVATE KEY-----\nMIIE+x/=\n-----END RSA PRIVATE KEY-----\nend'),
    '-----BEGIN RSA PRIVATE KEY-----[REDACTED]-----END RSA PRIVATE KEY-----\nend',
  )
  t.equal(masked('-----BEGIN PRIVATE KEY-----\nMIIE cut off'), '-----BEGIN PRIVATE KEY-----[REDACTED]', 'cut off')
})

await t.test('knows secrets that appear while it works', async (t) => {
  const redactor = new Redactor()
  redactor.event(notice('warm up'))
  new Secret('late-secret')
  t.match(redactor.event(notice('late-secret')), { message: '[REDACTED]' })
})

await t.test('leaves the words that make an event what it is', async (t) => {
  new Secret('exhibit')
  t.match(new Redactor().event(exhibit({ title: 'exhibit' })), { type: 'exhibit', title: '[REDACTED]' })
})

await t.test('returns an event without a secret as it is', async (t) => {
  const event = exhibit()
  t.equal(new Redactor().event(event), event)
})
