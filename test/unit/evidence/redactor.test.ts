import fc from 'fast-check'
import t from 'tap'
import { Redactor } from '../../../src/evidence/redactor.ts'
import type { LogEvent } from '../../../src/events/events.ts'
import { quote } from '../../../src/shell/quote.ts'
import { Secret } from '../../../src/values/secret.ts'
import { exhibit, notice, result } from './events.ts'

const masked = (text: string): string => (new Redactor().maskEvent(notice(text)) as LogEvent).message

await t.test('secret is masked at any depth', async (t) => {
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
  t.notMatch(JSON.stringify(new Redactor().maskEvent(event)), /deep-Secret-1/)
})

await t.test('secret is masked in each encoding', async (t) => {
  const value = `it's a "p@ss" <wörd>/50%`
  new Secret(value)
  const encodings = {
    plain: value,
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
  for (const [name, text] of Object.entries(encodings)) {
    t.match(masked(`before ${text} after`), /^before .*\[REDACTED\].* after$/, name)
    t.notMatch(masked(`before ${text} after`), /p@ss|p%40ss/, name)
  }
})

await t.test('any secret is masked, plain and quoted', async () => {
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

await t.test('secret inside a longer base64 text is masked at any offset', async (t) => {
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

await t.test('long lines of a multi-line secret are masked, PEM headers are not', async (t) => {
  new Secret('-----BEGIN CERTIFICATE-----\nMIIBsecretline1\nyes\n-----END CERTIFICATE-----')
  t.equal(masked('got MIIBsecretline1'), 'got [REDACTED]')
  t.equal(masked('-----BEGIN CERTIFICATE-----'), '-----BEGIN CERTIFICATE-----')
  t.equal(masked('answer yes'), 'answer yes')
})

await t.test('short secret is masked only as a separate word', async (t) => {
  new Secret('zq')
  t.equal(masked('password zq, zqueue'), 'password [REDACTED], zqueue')
})

await t.test('patterns of unregistered secrets are masked', async (t) => {
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

await t.test('secret registered later is masked', async (t) => {
  const redactor = new Redactor()
  redactor.maskEvent(notice('warm up'))
  new Secret('late-secret')
  t.match(redactor.maskEvent(notice('late-secret')), { message: '[REDACTED]' })
})

await t.test('enumerated fields of an event are not masked', async (t) => {
  new Secret('exhibit')
  t.match(new Redactor().maskEvent(exhibit({ title: 'exhibit' })), { type: 'exhibit', title: '[REDACTED]' })
})

await t.test('event without a secret is returned itself', async (t) => {
  const event = exhibit()
  t.equal(new Redactor().maskEvent(event), event)
})
