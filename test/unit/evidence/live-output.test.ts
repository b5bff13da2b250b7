import { mock } from 'node:test'
import fc from 'fast-check'
import t from 'tap'
import { LiveOutput } from '../../../src/evidence/live-output.ts'
import { Redactor } from '../../../src/evidence/redactor.ts'
import { secret } from '../../../src/values/secret.ts'

const [DELAY, IDLE] = [1000, 300]

/** Shows chunks; a number waits as many milliseconds. Returns what was shown before the end, and all of it. */
function show(chunks: readonly (string | number | Buffer)[]): { before: string[][]; all: string[] } {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const shown: string[][] = []
    const live = new LiveOutput(new Redactor(), {
      delayMs: DELAY,
      idleMs: IDLE,
      onLines: (lines) => {
        shown.push([...lines])
      },
    })
    for (const chunk of chunks) {
      if (typeof chunk === 'number') mock.timers.tick(chunk)
      else live.write(Buffer.from(chunk))
    }
    const before = [...shown]
    live.end()
    return { before, all: shown.flat() }
  } finally {
    mock.timers.reset()
  }
}

t.test('lines are shown as they come, once the task has run for a while', (t) => {
  const { before, all } = show(['one\ntwo', 900, '\nthr', 100, 'ee\n', 'four\n', 'end'])
  t.strictSame(before, [['one', 'two'], ['three'], ['four']])
  t.strictSame(all, ['one', 'two', 'three', 'four', 'end'])
  t.end()
})

t.test('the output of a task that ends before is not shown', (t) => {
  t.strictSame(show(['one\n', DELAY - 1, 'two\n']).all, [])
  t.end()
})

t.test('an incomplete line is shown after a pause, and its line break is not another line', (t) => {
  const { before, all } = show(['', 'first\nprompt', DELAY, IDLE, '\nnext', IDLE, ' part\n'])
  t.strictSame(before, [['first'], ['prompt'], ['next'], [' part']])
  t.strictSame(all, before.flat())
  t.end()
})

t.test('characters that are cut in two chunks are whole', (t) => {
  const bytes = Buffer.from('größe\n')
  t.strictSame(show([bytes.subarray(0, 3), DELAY, bytes.subarray(3)]).all, ['größe'])
  t.end()
})

t.test('secrets are masked, however they are cut', (t) => {
  secret('hunter2-hunter2')
  secret('ab\ncd\nef-long-line')
  const text = 'x hunter2-hunter2 y\nab\ncd\nef-long-line\nend\n'
  const expected = ['x [REDACTED] y', '[REDACTED]', 'end']
  for (let at = 0; at <= text.length; at++) {
    const pause = [DELAY + IDLE]
    t.strictSame(
      show([text.slice(0, at), ...pause, text.slice(at), ...pause]).all.join('\n'),
      expected.join('\n'),
      `cut at ${at}`,
    )
  }
  t.end()
})

t.test('a private key is held back until its end', (t) => {
  const key = '-----BEGIN PRIVATE KEY-----\nMIIB\nshort\n-----END PRIVATE KEY-----\n'
  const { before, all } = show(['before\n', DELAY, ...key.split(/(?<=\n)/), IDLE, 'after\n'])
  t.notMatch(JSON.stringify([before, all]), /MIIB|short/)
  t.strictSame([all[0], all.at(-1)], ['before', 'after'])
  t.notMatch(JSON.stringify(show(['x\n', DELAY, key.slice(0, 40), IDLE]).all), /MIIB|short/, 'without an end')
  t.notMatch(JSON.stringify(show(['x\n', DELAY, 'https://u:pass', IDLE, 'word@host\n']).all), /pass|word/, 'a URL')
  t.end()
})

t.test('whatever the chunks and pauses, the text is that of the masked output', (t) => {
  const values = ['correct horse', 'battery\nstaple', 'zzz9']
  for (const value of values) secret(value)
  const part = fc.oneof(fc.constantFrom(...values, '\n', 'corr', 'batt', 'x '), fc.string({ maxLength: 4 }))
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.constantFrom(100, IDLE, DELAY)), { maxLength: 20 }), (chunks) => {
      const { all } = show(['\n', DELAY, ...chunks])
      const text = chunks.filter((chunk) => typeof chunk === 'string').join('')
      const bare = (shown: string): string => shown.replace(/[\r\n]/g, '')
      const masked = new Redactor().maskText(text)
      const isLeak = values.some((value) => all.join('\n').includes(value) && !masked.includes(value))
      if (isLeak) return false
      return bare(all.join('')) === bare(masked)
    }),
  )
  t.end()
})

t.test('a very long line is left to the report: it may end in the middle of a secret', (t) => {
  secret('long-line-secret')
  const { all } = show(['x\n', DELAY, `${'a'.repeat(70_000)}long-line`, '-secret\n', 'next\n'])
  t.strictSame(all, ['x', '(a very long line follows: the report has all output)'])
  t.end()
})
