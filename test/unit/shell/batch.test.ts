import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { BatchReader, composeBatch, type OutputSink, type CommandResult } from '../../../src/shell/batch.ts'
import { sh } from '../../../src/shell/quote.ts'
import { shells } from '../../support/shells.ts'
import { runs } from '../../support/seed.ts'

const MARK = 'lb-0123456789'

interface Piece extends OutputSink {
  text: string
  ended: number
}

/** Reads a batch's output in chunks of `size` bytes, stdout and stderr by turns. */
function read(
  stdout: Buffer,
  stderr: Buffer,
  size = Number.POSITIVE_INFINITY,
): { outcomes: CommandResult[]; pieces: Map<string, Piece> } {
  const pieces = new Map<string, Piece>()
  const reader = new BatchReader(MARK, (script, stream) => {
    const chunks: Buffer[] = []
    const piece: Piece = {
      text: '',
      ended: 0,
      write: (chunk) => {
        chunks.push(Buffer.from(chunk))
      },
      end() {
        this.ended += 1
        this.text = Buffer.concat(chunks).toString()
      },
    }
    pieces.set(`${script} ${stream}`, piece)
    return piece
  })
  for (let at = 0; at < Math.max(stdout.length, stderr.length, 1); at += size) {
    reader.write('stdout', stdout.subarray(at, at + size))
    reader.write('stderr', stderr.subarray(at, at + size))
  }
  const text = (script: number, stream: string): string => pieces.get(`${script} ${stream}`)?.text ?? ''
  const outcomes = reader
    .end()
    .map((ending, script) => ({ ...ending, stdout: text(script, 'stdout'), stderr: text(script, 'stderr') }))
  return { outcomes, pieces }
}

function run(argv: readonly string[], scripts: readonly string[], stopOnFailure = 0) {
  const done = spawnSync(argv[0] as string, argv.slice(1), {
    input: composeBatch(scripts, MARK, (script) => script < stopOnFailure),
  })
  return { ...done, outcomes: read(done.stdout, done.stderr).outcomes }
}

for (const { name, argv } of shells) {
  t.test(`${name}: outputs and exit codes are separated`, (t) => {
    const { outcomes } = run(argv, [
      'echo one',
      'printf two; echo err >&2; exit 3',
      ':',
      'cd /; X=1',
      'echo "${X-unset}"; cat',
    ])
    t.match(outcomes, [
      { stdout: 'one\n', stderr: '', exitCode: 0 },
      { stdout: 'two', stderr: 'err\n', exitCode: 3 },
      { stdout: '', stderr: '', exitCode: 0 },
      { stdout: '', stderr: '', exitCode: 0 },
      { stdout: 'unset\n', stderr: '', exitCode: 0 },
    ])
    t.ok(outcomes.every(({ durationMs }) => durationMs !== null && durationMs >= 0))
    t.end()
  })

  t.test(`${name}: output is unmodified`, (t) => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0')),
      { maxLength: 6 },
    )
    fc.assert(
      fc.property(texts, (list) => {
        const { outcomes } = run(
          argv,
          list.map((text) => sh`printf %s ${text}; printf %s ${text} >&2`),
        )
        t.same(
          outcomes.map(({ stdout }) => stdout),
          list,
        )
        t.same(
          outcomes.map(({ stderr }) => stderr),
          list,
        )
      }),
      { numRuns: runs(10) },
    )
    t.end()
  })

  t.test(`${name}: a failed mustSucceed script ends the batch`, (t) => {
    const { outcomes } = run(argv, ['echo a', 'exit 7', 'echo never'], 2)
    t.same(
      outcomes.map(({ exitCode }) => exitCode),
      [0, 7],
    )
    t.equal(run(argv, ['exit 1', 'echo still'], 0).outcomes.length, 2)
    t.end()
  })
}

t.test('an incomplete script is absent, and its output is separated', (t) => {
  const { stdout, stderr } = run(['dash'], ['echo one', 'echo two', 'printf "half\\nlb-"; echo three'])
  const cut = stdout.subarray(0, stdout.indexOf('three'))
  const { outcomes, pieces } = read(cut, stderr)
  t.same(
    outcomes.map((outcome) => outcome.stdout),
    ['one\n', 'two\n'],
  )
  t.equal(pieces.get('2 stdout')?.text, 'half\nlb-')
  t.same(
    [...pieces.values()].map(({ ended }) => ended),
    [...pieces.values()].map(() => 1),
    'each script ends once',
  )
  t.same(read(Buffer.alloc(0), Buffer.alloc(0)).outcomes, [])
  t.end()
})

t.test('output before the first script is separated', (t) => {
  const { pieces, outcomes } = read(Buffer.from('noise'), Buffer.from('sh: 3: Syntax error\n'))
  t.same(outcomes, [])
  t.equal(pieces.get('-1 stderr')?.text, 'sh: 3: Syntax error\n')
  t.end()
})

t.test('results do not depend on chunk boundaries', (t) => {
  const { stdout, stderr, outcomes } = run(
    ['dash'],
    ['printf "a\\n\\nlb-01234"; exit 3', ':', `printf "\\n${MARK.slice(0, -1)}\\n"; echo e >&2`],
  )
  for (const size of [1, 2, 3, 5, 7, 13, 14, 15, 16, 17, 64])
    t.same(read(stdout, stderr, size).outcomes, outcomes, `${size}`)
  t.same(
    outcomes.map(({ stdout, exitCode }) => [stdout, exitCode]),
    [
      ['a\n\nlb-01234', 3],
      ['', 0],
      [`\n${MARK.slice(0, -1)}\n`, 0],
    ],
  )
  t.end()
})
