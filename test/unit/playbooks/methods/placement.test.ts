import t from 'tap'
import { placementBars, type Sample, type TaskSample } from '../../../../playbooks/methods/placement.ts'

const task = (id: string, node: string, state: string): TaskSample => ({ id, name: `app.${id}`, node, state })
const sample = (at: number, ...tasks: TaskSample[]): Sample => ({ at, tasks })

t.test('placementBars() has one bar per state of a task', async (t) => {
  t.same(
    placementBars(
      [
        sample(0, task('1', 'a', 'running')),
        sample(1, task('1', 'a', 'running'), task('2', 'b', 'preparing')),
        sample(2, task('1', 'a', 'shutdown'), task('2', 'b', 'running')),
        sample(3, task('2', 'b', 'running')),
      ],
      4,
    ),
    [
      { lane: 'a', name: 'app.1', from: 0, to: 2, state: 'running' },
      { lane: 'b', name: 'app.2', from: 1, to: 2, state: 'starting' },
      { lane: 'b', name: 'app.2', from: 2, to: 4, state: 'running' },
    ],
  )
})

t.test('placementBars() marks failed tasks, and omits tasks that ended before or have no node', async (t) => {
  t.same(
    placementBars(
      [
        sample(
          0,
          task('old', 'a', 'shutdown'),
          task('older', 'a', 'failed'),
          task('1', 'a', 'running'),
          task('w', '', 'pending'),
        ),
        sample(
          1,
          task('old', 'a', 'shutdown'),
          task('older', 'a', 'failed'),
          task('1', 'a', 'failed'),
          task('quick', 'b', 'rejected'),
        ),
      ],
      5,
    ),
    [
      { lane: 'a', name: 'app.1', from: 0, to: 1, state: 'failed' },
      { lane: 'b', name: 'app.quick', from: 1, to: 2, state: 'failed' },
    ],
  )
})

t.test('placementBars() continues bars while no manager answers', async (t) => {
  t.same(
    placementBars(
      [sample(0, task('1', 'a', 'running')), { at: 1, tasks: undefined }, sample(2, task('1', 'a', 'running'))],
      3,
    ),
    [{ lane: 'a', name: 'app.1', from: 0, to: 3, state: 'running' }],
  )
  t.same(placementBars([{ at: 0, tasks: undefined }], 3), [])
})
