import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t from 'tap'
import { guideSteps, type GuideStep } from '../support/guide.ts'

/* Playbooks and inventories of the how-to pages, as far as they can run without hosts. */

const ROOT = path.join(import.meta.dirname, '../..')
const project = mkdtempSync(path.join(os.tmpdir(), 'labbook-how-to-'))
t.teardown(() => {
  rmSync(project, { recursive: true, force: true })
})

const stepsOf = (page: string): GuideStep[] => guideSteps(readFileSync(path.join(ROOT, 'docs', page), 'utf8'))

/** Writes the files of a page into the project. */
function write(page: string): void {
  for (const step of stepsOf(page)) if (step.kind === 'file') writeFileSync(path.join(project, step.path), step.text)
}

function labbook(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(ROOT, 'src/cli/labbook.mjs'), ...args], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
  })
  return { status, output: stdout + stderr }
}

for (const page of ['bastion.md', 'three-managers.md'])
  t.test(`site.mjs lists its tasks for the inventory of docs/${page}`, async (t) => {
    write(page)
    const { status, output } = labbook('run', path.join(ROOT, 'playbooks/site/playbook.ts'), '--list-tasks')
    if (!t.equal(status, 0)) t.comment(output.slice(-3000))
    t.match(output, 'Initialize Swarm')
    t.match(output, page === 'bastion.md' ? 'Join Swarm as worker' : 'Join Swarm as manager')
  })

for (const [page, file, tasks] of [
  ['remove.md', 'remove.ts', ['Leave the Swarm', 'Remove Docker', 'Remove /var/lib/labbook']],
  ['upgrade.md', 'upgrade-docker.ts', ['Set node1 to drain', 'Upgrade Docker', 'Set node1 to active']],
] as const)
  t.test(`the playbook of docs/${page} lists its tasks, and needs permission`, async (t) => {
    write(page)
    const listed = labbook('run', file, '--list-tasks')
    if (!t.equal(listed.status, 0)) t.comment(listed.output.slice(-3000))
    for (const task of tasks) t.match(listed.output, task)
    const refused = labbook('run', file, '--yes')
    t.equal(refused.status, 2)
    t.match(refused.output, 'Add --allow-faults')
  })
