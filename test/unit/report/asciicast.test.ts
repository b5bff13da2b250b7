import t from 'tap'
import type { Exhibit } from '../../../src/events/events.ts'
import { asciicast } from '../../../src/report/asciicast.ts'

const exhibit: Exhibit = {
  type: 'exhibit',
  time: '2026-11-29T09:00:03.000Z',
  id: 'pull',
  experiment: 'x',
  title: 'Pull',
  host: 'node1',
  command: 'docker pull x',
  stdout: 'é one\ntwo\n',
  stderr: 'warning\n',
  exitCode: 1,
  start: '2026-11-29T09:00:00.500Z',
  durationMs: 3000,
  chunks: [
    [200, 1, 1],
    [300, 1, 6],
    [1300, 2, 8],
    [2000, 1, 4],
  ],
}
const linesOf = (cast: string | undefined): unknown[] =>
  (cast ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)

t.test('an exhibit is played with the intervals of its output, and ends with its exit code', (t) => {
  t.same(linesOf(asciicast(exhibit)), [
    {
      version: 3,
      term: { cols: 100, rows: 30 },
      timestamp: Date.parse('2026-11-29T09:00:00Z') / 1000,
      title: 'Pull',
      command: 'docker pull x',
    },
    [0, 'o', 'node1$ docker pull x\r\n'],
    [0.2, 'o', ''],
    [0.1, 'o', 'é one\r\n'],
    [1, 'o', 'warning\r\n'],
    [0.7, 'o', 'two\r\n'],
    [1, 'x', '1'],
  ])
  t.end()
})

t.test('there is none if the times are unknown, or are not those of the text', (t) => {
  const { chunks: _, ...untimed } = exhibit
  t.equal(asciicast(untimed), undefined)
  t.equal(asciicast({ ...exhibit, stdout: 'truncated' }), undefined)
  t.end()
})

t.test('escape sequences cannot reach the terminal that plays it, even split over chunks', (t) => {
  const stdout = '\x1b]52;c;ZXZpbA==\x07a\x1b[31mb\x9b2Jc'
  const all = Buffer.byteLength(stdout)
  for (let cut = 0; cut <= all; cut++) {
    const chunks = [
      [1, 1, cut],
      [2, 1, all - cut],
    ] as const // prettier-ignore
    const cast = asciicast({ ...exhibit, stdout, stderr: '', chunks }) ?? ''
    t.notMatch(
      JSON.parse(JSON.stringify(linesOf(cast).flat().join(''))),
      /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]/,
      String(cut),
    )
  }
  t.end()
})
