import t from 'tap'
import type { BlockSection } from '../../../src/modules/task.ts'
import { BlockFlow } from '../../../src/execution/block-flow.ts'

const [outer, inner] = [{ name: 'outer' }, { name: 'inner' }]
const at = (...place: readonly (readonly [object, BlockSection['section']])[]): BlockSection[] =>
  place.map(([block, section]) => ({ block, section }))

/** A block in a block, each with a task in every section, between two tasks: positions 0 to 7. */
const nested = (): BlockFlow =>
  new BlockFlow([
    at(),
    at([outer, 'block'], [inner, 'block']),
    at([outer, 'block'], [inner, 'rescue']),
    at([outer, 'block'], [inner, 'always']),
    at([outer, 'block']),
    at([outer, 'rescue']),
    at([outer, 'always']),
    at(),
  ])

/** The positions that run if those of `fails` fail. */
function walk(flow: BlockFlow, fails: readonly number[]): string {
  const ran: number[] = []
  for (let position = flow.first; position < flow.end; ) {
    ran.push(position)
    position = fails.includes(position) ? flow.afterFailure(position) : flow.next(position)
  }
  return `${ran.join(' ')}${flow.hasFailed ? ' failed' : ''}`
}

for (const { fails, ran } of [
  { fails: [], ran: '0 1 3 4 6 7' },
  { fails: [0], ran: '0 failed' },
  { fails: [1], ran: '0 1 2 3 4 6 7' },
  { fails: [1, 2], ran: '0 1 2 3 5 6 7' },
  { fails: [1, 2, 5], ran: '0 1 2 3 5 6 failed' },
  { fails: [1, 2, 3], ran: '0 1 2 3 5 6 7' },
  { fails: [3], ran: '0 1 3 5 6 7' },
  { fails: [4], ran: '0 1 3 4 5 6 7' },
  { fails: [6], ran: '0 1 3 4 6 failed' },
  { fails: [4, 5, 6], ran: '0 1 3 4 5 6 failed' },
])
  t.test(`positions ${fails.join(', ') || '(none)'} fail`, (t) => {
    t.equal(walk(nested(), fails), ran)
    t.end()
  })

t.test('the tasks that follow, if none fails, are neither in a rescue nor after a block that failed', (t) => {
  const flow = nested()
  t.strictSame([...flow.following(-1)], [0, 1, 3, 4, 6, 7])
  t.equal(flow.afterFailure(1), 2)
  t.strictSame([...flow.following(2)], [3, 4, 6, 7], 'the rescue goes on')
  t.equal(flow.afterFailure(2), 3)
  t.strictSame([...flow.following(3)], [], 'the inner block failed: the rescue of the outer one follows')
  t.end()
})

t.test('a failure in a block section with rescue is rescued, whatever is inside', (t) => {
  const flow = nested()
  t.strictSame(
    [0, 1, 2, 3, 4, 5, 6, 7].filter((position) => flow.isRescued(position)),
    [1, 2, 3, 4],
  )
  t.end()
})

t.test('a rescue whose only task is in the rescue of another block runs nothing', (t) => {
  const flow = new BlockFlow([at([outer, 'block']), at([outer, 'rescue'], [inner, 'rescue']), at()])
  t.equal(walk(flow, [0]), '0 2')
  t.end()
})
