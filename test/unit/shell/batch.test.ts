import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import t from 'tap'
import { composeBatch, parseBatch } from '../../../src/shell/batch.ts'
import { sh } from '../../../src/shell/quote.ts'
import { shells } from '../../support/shells.ts'

const MARK = 'lb-0123456789'

function run(argv: readonly string[], scripts: readonly string[], stopOnFailure = 0) {
  const done = spawnSync(argv[0] as string, argv.slice(1), { input: composeBatch(scripts, MARK, stopOnFailure) })
  return { ...done, outcomes: parseBatch(done.stdout, done.stderr, MARK) }
}

for (const { name, argv } of shells) {
  t.test(`${name}: outputs and exit codes are told apart`, (t) => {
    const { outcomes } = run(argv, ['echo one', 'printf two; echo err >&2; exit 3', ':', 'cd /; X=1', 'echo "${X-unset}"; cat'])
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

  t.test(`${name}: any output comes through as it was`, (t) => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !text.includes('\0')), { maxLength: 6 })
    fc.assert(fc.property(texts, (list) => {
      const { outcomes } = run(argv, list.map((text) => sh`printf %s ${text}; printf %s ${text} >&2`))
      t.same(outcomes.map(({ stdout }) => stdout), list)
      t.same(outcomes.map(({ stderr }) => stderr), list)
    }), { numRuns: 20 })
    t.end()
  })

  t.test(`${name}: after a failed change nothing more runs`, (t) => {
    const { outcomes } = run(argv, ['echo a', 'exit 7', 'echo never'], 2)
    t.same(outcomes.map(({ exitCode }) => exitCode), [0, 7])
    t.equal(run(argv, ['exit 1', 'echo still'], 0).outcomes.length, 2)
    t.end()
  })
}

t.test('a script whose end was not seen is absent', (t) => {
  const { stdout, stderr } = run(['dash'], ['echo one', 'echo two', 'echo three'])
  const cut = stdout.subarray(0, stdout.indexOf('three'))
  t.same(parseBatch(cut, stderr, MARK).map((outcome) => outcome.stdout), ['one\n', 'two\n'])
  t.same(parseBatch(Buffer.alloc(0), Buffer.alloc(0), MARK), [])
  t.end()
})
