import path from 'node:path'
import t from 'tap'
import { fileIn } from '../../../src/cli/recorded-file.ts'

const text = 'export default playbook({})'
const root = t.testdir({
  project: {
    'top.ts': text,
    playbooks: {
      'web.ts': text,
      'link.ts': t.fixture('symlink', '../runs/received/evil.ts'),
      'outside.ts': t.fixture('symlink', '../../outside.ts'),
      'package.ts': t.fixture('symlink', '../node_modules/some/evil.ts'),
      'same.ts': t.fixture('symlink', 'web.ts'),
    },
    runs: { received: { 'evil.ts': text, playbooks: { 'evil.ts': text } }, 'evil.ts': text },
    node_modules: { some: { 'evil.ts': text } },
  },
  'outside.ts': text,
})
const project = path.join(root, 'project')
const found = (recorded: string, runs = path.join(project, 'runs')): string | undefined => {
  const file = fileIn(project, runs, recorded)
  return file === undefined ? undefined : path.relative(project, file)
}

t.test('the longest end of the recorded path that exists in the project', async (t) => {
  t.equal(found('/home/ann/lab/playbooks/web.ts'), 'playbooks/web.ts')
  t.equal(found('playbooks/same.ts'), 'playbooks/same.ts')
  t.equal(found('../../lab/top.ts'), 'top.ts')
  t.equal(found('/home/ann/runs/lab/playbooks/web.ts'), 'playbooks/web.ts', 'of a project below a directory "runs"')
  t.equal(found('/home/ann/other.ts'), undefined)
})

t.test('a file that may have come with the run is not found', async (t) => {
  for (const recorded of [
    'runs/received/evil.ts',
    '/home/ann/lab/runs/received/evil.ts',
    'lab/runs/received/playbooks/evil.ts',
    'x/../runs/evil.ts',
    'node_modules/some/evil.ts',
    'playbooks/link.ts',
    'playbooks/package.ts',
    'playbooks/outside.ts',
    '../outside.ts',
    'top.ts/',
  ])
    t.equal(found(recorded), undefined, recorded)
  const runs = path.join(project, 'playbooks')
  t.equal(found('playbooks/web.ts', runs), undefined, 'another directory of runs')
})
