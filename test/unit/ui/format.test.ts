import fc from 'fast-check'
import t from 'tap'
import { duration } from '../../../src/ui/format/duration.ts'
import { diffLines } from '../../../src/ui/format/diff.ts'
import { findingParagraph, findingTally } from '../../../src/ui/format/finding.ts'
import { palette } from '../../../src/ui/format/palette.ts'
import { recapLines } from '../../../src/ui/format/recap.ts'
import { resultBody, resultLine } from '../../../src/ui/format/result.ts'
import { sanitize, linesOf, shorten, tail, wrap } from '../../../src/ui/format/text.ts'
import type { Finding, RunEnd } from '../../../src/events/events.ts'
import { command, recording, result } from '../../support/events.ts'

const plain = palette(false)

void t.test('durations are readable', async (t) => {
  const formatted = [0, 40, 950, 9_949, 9_950, 38_200, 59_499, 59_999, 192_000, 3_600_000, 3_725_000].map(duration)
  t.strictSame(formatted, ['0.0s', '0.0s', '1.0s', '9.9s', '10s', '38s', '59s', '1m 00s', '3m 12s', '1h 00m', '1h 02m'])
})

void t.test('output of hosts cannot control the terminal', async (t) => {
  t.equal(sanitize('\u001b]0;title\u0007\u001b[31mred\u001b[0m\u0008 a\tb\r\n'), 'red a\tb\n')
  t.equal(sanitize('10%\r50%\r100%\ndone'), '100%\ndone')
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      (text) => !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(sanitize(text)),
    ),
  )
})

void t.test('line is truncated to its width', async (t) => {
  t.equal(shorten('a\n b   c'), 'a b c')
  t.equal(shorten('docker service ls', 8), 'docker…')
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (text, width) => shorten(text, width).length <= width),
  )
})

void t.test('tail of a long output has the number of missing lines', async (t) => {
  t.strictSame(tail('1\n2\n3\n4\n\n', 3), ['… 2 lines before', '3', '4'])
  t.strictSame(tail('1\n2\n3\n', 3), ['1', '2', '3'])
  t.strictSame(linesOf('\n'), [])
})

void t.test('wrapping keeps all words and the width', async () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,9}$/)), (words) => {
      const lines = wrap(words.join(' '), 12)
      return lines.join(' ') === words.join(' ') && lines.every((line) => line.length <= 12)
    }),
  )
})

void t.test('diff is unified, and coloured only with colour', async (t) => {
  const change = { subject: '/etc/motd', before: 'a\n', after: 'b\n' }
  t.strictSame(diffLines(change, plain), ['--- /etc/motd before', '+++ /etc/motd after', '@@ -1,1 +1,1 @@', '-a', '+b'])
  t.equal(diffLines(change, palette(true))[3], '\u001b[31m-a\u001b[39m')
})

function endOf(hosts: Parameters<ReturnType<typeof recording>['end']>[0]): RunEnd['hosts'] {
  const run = recording()
  run.end(hosts)
  return (run.events[0] as RunEnd).hosts
}

void t.test('recap has the format of Ansible, with aligned columns', async (t) => {
  t.strictSame(recapLines(endOf({ node1: { ok: 12, changed: 3, skipped: 1 }, web: { failed: 1 } }), plain), [
    'node1 : ok=12 changed=3 unreachable=0 failed=0 skipped=1 rescued=0 ignored=0',
    'web   : ok=0  changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0',
  ])
})

void t.test('recap has the unknown column only if there are any', async (t) => {
  t.match(recapLines(endOf({ node1: { unknown: 2 } }), plain)[0], / ignored=0 unknown=2$/)
  t.strictSame(recapLines({}, plain), [])
})

void t.test('result line has delegated host, attempts and message', async (t) => {
  t.equal(
    resultLine(result({ task: 'Join', delegatedTo: 'node2', attempts: 3, handler: true, message: 'not\nyet' })),
    'Join (handler, on node2, 3 attempts): not yet',
  )
})

void t.test('failed task shows the end of stderr, or of stdout if stderr is empty', async (t) => {
  const lines = (given: Parameters<typeof result>[0]) =>
    resultBody(result({ status: 'failed', ...given }), { diff: false, verbosity: 0 }, plain)
  t.strictSame(lines({ stderr: 'E: no\nE: never\n' }), ['E: no', 'E: never'])
  t.strictSame(lines({ stdout: 'no\nspace' }), ['no', 'space'])
  t.strictSame(lines({ message: 'failed: E: no', stderr: 'E: no\n' }), [], 'the message is not repeated')
  t.equal(lines({ stderr: 'x\n'.repeat(40) }).length, 12)
  t.strictSame(lines({ status: 'ok', stderr: 'a warning' }), [])
})

void t.test('each -v shows more output', async (t) => {
  const all = result({
    stdout: 'out\n',
    commands: [
      command({ kind: 'probe', script: 'test -e /x', durationMs: null }),
      command({ script: 'touch /x', stdout: 'out\n' }),
    ],
  })
  const lines = (verbosity: number) => resultBody(all, { diff: false, verbosity }, plain)
  t.strictSame(lines(0), [])
  t.strictSame(lines(1), ['out'])
  t.strictSame(lines(2), ['$ touch /x', 'out', 'change: exit 0, 1.5s'])
  t.strictSame(lines(3), ['$ test -e /x', 'probe: exit 0', '$ touch /x', 'out', 'change: exit 0, 1.5s'])
})

void t.test('findings are counted', async (t) => {
  const some = (...holds: Finding['holds'][]): Finding[] => {
    const run = recording()
    for (const hold of holds) run.finding('a.b', 'so it is', hold)
    return run.events as Finding[]
  }
  t.equal(findingTally(some(true)), '1 finding holds')
  t.equal(findingTally(some(true, true)), '2 findings hold')
  t.equal(findingTally(some(true, false, null)), '1 of 3 findings holds, 1 inconclusive')
  const asked = some(false, null).map((finding) => ({ ...finding, question: true as const }))
  t.equal(findingTally(asked), '1 of 2 questions answered')
  t.equal(findingTally([...some(true), ...asked]), '1 finding holds, 1 of 2 questions answered')
  const line = (more: object) =>
    findingParagraph(
      { ...(some(false)[0] as Finding), id: 'x', statement: 'More serve more', ...more },
      palette(false),
    )[0]
  t.equal(line({ question: true }), '○ x: More serve more: no')
  t.equal(line({ question: true, holds: true }), '✓ x: More serve more: yes')
  t.equal(line({ times: { held: 1, failed: 1, unknown: 0 } }), '✗ x: More serve more (held 1 of 2 times)')
})
