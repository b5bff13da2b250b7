import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { SHARED_DIRECTORY } from '../../src/modules/lab/names.ts'
import { guideSteps } from '../support/guide.ts'
import { sshTo } from './machine.ts'
import {
  changed,
  LAB_FOLDER,
  NO_CHANGE,
  NODE_ADDRESSES,
  NODES,
  PROVISIONED,
  provision,
  site,
  startStory,
  succeeds,
} from './site.ts'
import { releaseArguments } from '../support/release.ts'

/* The playbooks of docs/upgrade.md and docs/remove.md, as a reader writes and runs them, on a lab. */

const ROOT = path.join(import.meta.dirname, '../..')
const project = mkdtempSync(path.join(os.tmpdir(), 'labbook-how-to-'))
t.teardown(() => {
  rmSync(project, { recursive: true, force: true })
})
cpSync(path.join(ROOT, 'test/lab/inventory.yaml'), path.join(project, 'inventory.yaml'))

const ssh = sshTo(LAB_FOLDER)
const onAll = (command: string): string[] => NODE_ADDRESSES.map((address) => ssh.run(address, command))

/** Writes the playbook of a page, and runs it with the arguments of each of its commands. */
function follow(t: Test, page: string, file: string): string[] {
  const outputs: string[] = []
  for (const step of guideSteps(readFileSync(path.join(ROOT, 'docs', page), 'utf8'))) {
    if (step.kind === 'file') writeFileSync(path.join(project, step.path), step.text)
    else if (step.command.startsWith(`node src/cli/labbook.mjs run ${file}`)) {
      const args = step.command.split(' ').slice(2)
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [path.join(ROOT, 'src/cli/labbook.mjs'), ...args, ...releaseArguments, '--yes'],
        {
          cwd: project,
          encoding: 'utf8',
          maxBuffer: 2 ** 26,
          env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
        },
      )
      if (!t.equal(status, 0, step.command)) t.comment(`${stdout.slice(-6000)}\n${stderr.slice(-3000)}`)
      outputs.push(stdout)
    }
  }
  t.equal(outputs.length, 2, `docs/${page} checks the playbook, then runs it`)
  return outputs
}

const { step, down } = await startStory()
provision(step)

const UPGRADED = 'upgrade-docker.ts of docs/upgrade.md drains, upgrades and activates one node after the other'
void step(
  UPGRADED,
  async (t) => {
    const [check = '', run = ''] = follow(t, 'upgrade.md', 'upgrade-docker.ts')
    for (const node of NODES) {
      t.match(check, new RegExp(`^${node} +: .* failed=0 `, 'm'), `check mode has no failure on ${node}`)
      t.match(run, new RegExp(`^${node} +: .* failed=0 `, 'm'), `the run has no failure on ${node}`)
    }
    t.same(
      ssh.run(NODE_ADDRESSES[0], "sudo docker node ls --format '{{.Hostname}} {{.Status}} {{.Availability}}' | sort"),
      NODES.map((node) => `${node} Ready Active`).join('\n'),
    )
    t.notMatch(ssh.run(NODE_ADDRESSES[0], 'sudo docker ps -q --filter label=com.docker.swarm.task.id'), /^$/)
    await succeeds(t, site())
    t.same(changed(), NO_CHANGE, 'the site run after it changes nothing')
  },
  [PROVISIONED],
)

const REMOVED = 'remove.ts of docs/remove.md leaves neither Docker nor its data'
void step(
  REMOVED,
  (t) => {
    // Only nodes of a lab have it: a directory that they share with this machine.
    onAll(`sudo umount ${SHARED_DIRECTORY}`)
    follow(t, 'remove.md', 'remove.ts')
    t.same(
      onAll(
        'command -v dockerd; ls -A -d /var/lib/docker/* /var/lib/containerd/* /etc/docker /opt/labbook /etc/labbook; :',
      ),
      ['', '', ''],
    )
    t.same(onAll('ls -d /var/lib/labbook; :'), ['', '', ''])
    t.same(onAll('ps -eo comm= | grep -cE "^(dockerd|containerd)" || :'), ['0', '0', '0'])
  },
  [PROVISIONED],
)

down()
