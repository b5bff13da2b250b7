import t from 'tap'
import { closest, didYouMean, nearest } from '../../../src/text/suggest.ts'

t.test('nearest names are first, distant ones are left out', async (t) => {
  t.same(nearest('wbe1', ['database', 'wx1', 'web1']), ['web1'])
  t.same(nearest('node12', ['nodes', 'node1', 'node123', 'node12']), ['node12', 'node1', 'node123'])
  t.same(nearest('WEB', ['web']), ['web'])
  t.same(nearest('abcdef', ['uvwxyz']), [])
})

t.test('suggestions are phrased as a question', async (t) => {
  t.equal(didYouMean([]), undefined)
  t.equal(didYouMean(['a']), 'did you mean a?')
  t.equal(didYouMean(['a', 'b', 'c']), 'did you mean a, b or c?')
})

t.test('closest prefers a name that starts with the word', async (t) => {
  t.equal(closest('li', ['lists', 'limit', 'list']), 'lists')
  t.equal(closest('dcoker', ['experiments', 'docker']), 'docker')
  t.equal(closest('colour', ['check', 'repeat']), undefined)
  t.equal(closest('l', ['limit']), undefined, 'one letter suggests nothing')
})
