import t from 'tap'
import { exhibitIds, fileName, slugger } from '../../../src/text/slug.ts'

// Names of files and anchors in the directories of earlier runs: a change here breaks links to them.

t.test('slugs are valid file names, unique regardless of case', async (t) => {
  t.strictSame(['a/b', 'A/B', '../x', '', 'app.replicas'].map(slugger()), [
    'a-b',
    'A-B-2',
    'x',
    'unnamed',
    'app.replicas',
  ])
  t.equal(slugger()('x'.repeat(200)).length, 100)
})

t.test('ids of exhibits are lower-case words, numbered if repeated', async (t) => {
  const titles = ['ConfigMaps and Secrets', "The node's disk & CPU", 'v1.2 of it', 'Nodes', 'nodes!', 'Узлы', 'Узел']
  t.strictSame(titles.map(exhibitIds()), [
    'configmaps-and-secrets',
    'the-node-s-disk-cpu',
    'v1-2-of-it',
    'nodes',
    'nodes-2',
    'exhibit',
    'exhibit-2',
  ])
  t.strictSame(['a', 'a 2', 'a'].map(exhibitIds()), ['a', 'a-2', 'a-3'], 'never the same twice')
})

t.test('a file name never starts with a dot or a hyphen', async (t) => {
  t.equal(fileName('../.hidden (draft)'), 'hidden-draft-')
  t.equal(fileName('Install Docker', 7), 'Install')
})
