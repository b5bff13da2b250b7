import t from 'tap'
import { votesIn } from '../../../../playbooks/stack/vote.ts'

t.test('votes are read from the API of the result page; anything else is no number of votes', async (t) => {
  t.equal(votesIn('{"counts":{"Coffee":1,"Tea":7},"replica":"a"}'), 7)
  for (const other of ['', '<html>', '{}', '{"counts":{"Coffee":1}}']) t.ok(Number.isNaN(votesIn(other)), other)
})
