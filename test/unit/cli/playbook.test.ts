import t from 'tap'
import { play } from '../../../src/playbook/play.ts'
import { playbook, playbookProblem, stepsOf } from '../../../src/cli/playbook.ts'

t.test('error for an export that is not a playbook says what to write', async (t) => {
  const start = 'its default export is not a playbook'
  const end = '; write: export default playbook({ name, description, steps })'
  const base = { name: 'mine', description: 'd' }
  const cases: [unknown, string | undefined][] = [
    [undefined, `has no default export${end}`],
    ['mine', `${start} but string${end}`],
    [{ description: 'd', steps: [] }, `${start}: name must be a string${end}`],
    [base, `${start}: steps must be an array of plays and experiments, or a function that returns one${end}`],
    [{ ...base, steps: [() => []] }, `${start}: steps[0] is neither a play() nor an experiment()${end}`],
    [playbook({ ...base, steps: [play('Play', { hosts: 'all' }, () => [])] }), undefined],
    [playbook({ ...base, steps: () => [] }), undefined],
  ]
  for (const [exported, problem] of cases) t.equal(playbookProblem(exported), problem, String(problem))
  t.throws(() => stepsOf(playbook({ ...base, steps: () => [undefined] as never }), []), {
    name: 'UsageError',
    message: 'playbook "mine": steps[0] is neither a play() nor an experiment()',
  })
})
