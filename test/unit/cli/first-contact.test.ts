import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

function run(cwd: string, playbook: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(ROOT, `playbooks/${playbook}.mjs`), '--yes', ...args],
    {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
    },
  )
  return { exitCode: status, stdout, stderr }
}

t.test('in another folder: the inventory that was looked for, the folder, and what to do', async (t) => {
  const folder = t.testdir()
  t.strictSame(run(folder, 'docker', '--list-hosts'), {
    exitCode: 1,
    stdout: '',
    stderr: `no inventory ${folder}/inventory.yaml (working directory: ${folder}); name yours with -i PATH, or the project's own with -i ${ROOT}/inventory.yaml\n`,
  })
  t.match(run(folder, 'docker', '--list-hosts', '-i', `${ROOT}/inventory.yaml`), {
    exitCode: 0,
    stdout: /«Docker Engine»/,
  })
  t.match(
    run(ROOT, 'docker', '--list-hosts', '-i', 'own.yaml').stderr,
    `no inventory ${ROOT}/own.yaml (working directory: ${ROOT}); name yours with -i PATH, or the project's own with -i ${ROOT}/inventory.yaml`,
  )
})

t.test(
  'an inventory without the groups of a playbook: its plays are skipped, exit code 0; a limit that matches nothing is an error',
  async (t) => {
    const folder = t.testdir()
    writeFileSync(
      path.join(folder, 'own.yaml'),
      'all:\n  children:\n    web:\n      hosts:\n        h1: { ansible_connection: local }\n',
    )
    const { exitCode, stdout, stderr } = run(
      folder,
      'docker',
      '-i',
      'own.yaml',
      '--check',
      '-e',
      'replicas=6',
      '--tags',
      'dokcer',
    )
    t.strictSame([exitCode, stderr], [0, ''])
    for (const said of [
      'Could not match supplied host pattern, ignoring: docker (the groups are all, ungrouped, web)',
      'play "Docker Engine": skipping: no hosts matched docker',
      '--extra-vars replicas: variable was not used in this run',
      '--tags dokcer: no play or task has this tag; did you mean "docker"?',
      'nothing ran: no task matches --tags dokcer',
    ])
      t.match(stdout, said)
    t.match(run(folder, 'docker', '-i', 'own.yaml', '--check', '--limit', 'docker'), {
      exitCode: 1,
      stdout: '',
      stderr: /^no host or group in the inventory matches "docker"/,
    })
  },
)
