import t from 'tap'
import { didYouMean, nearest } from '../../../src/inventory/nearest.ts'

t.test('the nearest names come first, the far ones not at all', async (t) => {
  t.same(nearest('wbe1', ['database', 'wx1', 'web1']), ['web1'])
  t.same(nearest('node12', ['nodes', 'node1', 'node123', 'node12']), ['node12', 'node1', 'node123'])
  t.same(nearest('WEB', ['web']), ['web'])
  t.same(nearest('abcdef', ['uvwxyz']), [])
})

t.test('a suggestion reads as a question', async (t) => {
  t.equal(didYouMean([]), undefined)
  t.equal(didYouMean(['a']), 'did you mean a?')
  t.equal(didYouMean(['a', 'b', 'c']), 'did you mean a, b or c?')
})
