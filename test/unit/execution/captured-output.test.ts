import fc from 'fast-check'
import t from 'tap'
import { RECORD_LIMIT_BYTES } from '../../../src/events/truncated-text.ts'
import {
  CapturedOutput,
  outputLimitProblem,
  type CaptureOptions,
  type OverflowFile,
} from '../../../src/execution/captured-output.ts'
import { runs } from '../../support/seed.ts'

/** A file in memory. */
function spool() {
  const chunks: Buffer[] = []
  const state = { opened: 0, closed: 0, bytes: () => Buffer.concat(chunks) }
  const open = (): OverflowFile => {
    state.opened += 1
    return {
      file: 'output/1.txt',
      write: (chunk) => {
        chunks.push(Buffer.from(chunk))
      },
      close: () => {
        state.closed += 1
      },
    }
  }
  return { state, open }
}

function keep(bytes: Buffer, sizes: readonly number[], keep: CaptureOptions): CapturedOutput {
  const output = new CapturedOutput('stdout', keep)
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    output.write(bytes.subarray(at, at + size))
    at += size
  }
  output.end()
  return output
}

const MOST = 8 * RECORD_LIMIT_BYTES + 8
const NUMBERED = Buffer.from(Array.from({ length: MOST / 8 }, (_, i) => `${i}`.padStart(7) + '\n').join(''))
/** Numbered lines of this many bytes in all, at most {@link MOST}. */
const numbered = (length: number): Buffer => NUMBERED.subarray(0, length)

t.test('short output is kept completely, without overflow file', async (t) => {
  const { state, open } = spool()
  const output = keep(numbered(RECORD_LIMIT_BYTES), [100_000], { purpose: 'change', openOverflowFile: open })
  t.equal(output.text(), numbered(RECORD_LIMIT_BYTES).toString())
  t.equal(output.long(), undefined)
  t.equal(state.opened, 0)
})

t.test('long output is in the overflow file byte for byte, with head and tail kept', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.integer({ min: RECORD_LIMIT_BYTES + 1, max: 4 * RECORD_LIMIT_BYTES }), sizes, (length, list) => {
      const bytes = numbered(length)
      const { state, open } = spool()
      const output = keep(
        bytes,
        list.map((size) => size + 1000),
        { purpose: 'change', openOverflowFile: open },
      )
      const half = RECORD_LIMIT_BYTES / 2
      const note = `\n[... ${length - RECORD_LIMIT_BYTES} bytes left out; all ${length} are in output/1.txt ...]\n`
      return (
        state.bytes().equals(bytes) &&
        state.opened === 1 &&
        state.closed === 1 &&
        output.text() === bytes.toString('utf8', 0, half) + note + bytes.toString('utf8', length - half) &&
        output.long()?.bytes === length
      )
    }),
    { numRuns: runs(15) },
  )
})

t.test('no character is cut, and all omitted bytes are counted', async (t) => {
  for (const prefix of ['', 'a', 'ab', 'abc']) {
    const bytes = Buffer.from(prefix + '🎉'.repeat(RECORD_LIMIT_BYTES / 2))
    const text = keep(bytes, [65_536], { purpose: 'change' }).text()
    t.notMatch(text, '\uFFFD', `after "${prefix}"`)
    const [, left] = /\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n/.exec(text) ?? []
    t.equal(Buffer.byteLength(text.replace(/\n\[.*\]\n/, '')) + Number(left), bytes.length, `after "${prefix}"`)
  }
})

t.test('probes capture more output for the plan, up to a limit', async (t) => {
  const { open } = spool()
  const most = keep(numbered(8 * RECORD_LIMIT_BYTES), [100_000], { purpose: 'probe', openOverflowFile: open })
  t.equal(most.text().length, 8 * RECORD_LIMIT_BYTES)
  const outcome = (output: CapturedOutput) => ({
    stdout: output.text(),
    stderr: '',
    exitCode: 0,
    durationMs: 1,
    long: { stdout: output.long() ?? { bytes: 0 } },
  })
  t.equal(outputLimitProblem(outcome(most)), undefined)
  const more = keep(numbered(8 * RECORD_LIMIT_BYTES + 1), [100_000], { purpose: 'probe', openOverflowFile: open })
  t.ok(more.text().length < RECORD_LIMIT_BYTES + 200)
  t.match(outputLimitProblem(outcome(more)), /^the probe printed 8388609 bytes on stdout/)
})

t.test('a failed write is remembered, and capturing continues', async (t) => {
  const broken = new Error('no space left')
  const output = keep(numbered(3 * RECORD_LIMIT_BYTES), [100_000], {
    purpose: 'change',
    openOverflowFile: () => {
      throw broken
    },
  })
  t.equal(output.problem, broken)
  t.match(output.text(), 'bytes left out ...]')
})

t.test('arrival times are kept if asked for, of outputs that are short enough', (t) => {
  const times = [3, 3, 7, 9]
  const arrivals = (bytes: Buffer, asked: boolean) =>
    keep(bytes, [2], { purpose: 'probe', ...(asked ? { elapsed: () => times.shift() ?? 10 } : {}) }).arrivals()
  t.same(arrivals(Buffer.from('abcdefgh'), true), [
    [3, 4],
    [7, 2],
    [9, 2],
  ]) // prettier-ignore
  t.equal(arrivals(Buffer.from('abcdefgh'), false), undefined)
  t.equal(
    keep(Buffer.alloc(RECORD_LIMIT_BYTES + 1), [65536], { purpose: 'probe', elapsed: () => 1 }).arrivals(),
    undefined,
  )
  let ms = 0
  const many = keep(Buffer.alloc(6000), [1], { purpose: 'probe', elapsed: () => ms++ }).arrivals() ?? []
  t.equal(many.length, 5000)
  t.equal(
    many.reduce((sum, [, bytes]) => sum + bytes, 0),
    6000,
  )
  t.end()
})
