import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { sh } from '../../src/shell/quote.ts'
import { LOOK, LOOK_CLOSELY, WITH_ACL, worldOf } from './arena.ts'
import { TREE } from './copy-tasks.ts'
import { settledFiles, SOURCES, TEMPLATES } from './file-tasks.ts'
import { putFile, type Case, type PropertyNode, type TaskSpec } from './harness.ts'

/** Creates the files of the controller that the tasks name with `src`. */
export function putSources(node: PropertyNode): void {
  for (const [name, content] of Object.entries({ ...SOURCES, ...TREE })) putFile(node, name, content)
  // By this machine's setfacl: the node has none, as most machines.
  const onNode = (name: string): string => `/proc/${node.pid}/root${name}`
  node.sh(sh`: >${WITH_ACL.file} && mkdir -p -- ${WITH_ACL.folder}`)
  execFileSync('setfacl', ['-m', 'u:4242:rw,g:games:r', onNode(WITH_ACL.file)])
  execFileSync('setfacl', ['-d', '-m', 'u:4242:rwx,g:games:rx', onNode(WITH_ACL.folder)])
  for (const [name, text] of Object.entries(TEMPLATES)) writeFileSync(path.join(node.root, 'templates', name), text)
}

/** Random lists of tasks, from all start states of the arena. */
export const inArena = (tasks: fc.Arbitrary<TaskSpec[]>, settled = settledFiles, pipes = true): fc.Arbitrary<Case> =>
  fc
    .record({ world: worldOf(['file', 'folder', 'link', ...(pipes ? ['pipe' as const] : [])]), tasks })
    .map(({ world: { script, links }, tasks }) => ({
      start: script,
      tasks,
      look: LOOK,
      lookClosely: LOOK_CLOSELY,
      settled: settled(tasks, links),
    }))
