import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeFileSync } from 'node:fs'
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

t.test(
  'a playbook has the inventory of its project in any directory; an error names the inventory and what to do',
  async (t) => {
    const directory = t.testdir()
    t.match(
      run(directory, 'docker', '--list-hosts'),
      { exitCode: 0, stdout: /"Install Docker Engine"/ },
      'the project of the playbook',
    )
    t.match(run(directory, 'docker', '--list-hosts', '-i', `${ROOT}/inventory.yaml`), {
      exitCode: 0,
      stdout: /"Install Docker Engine"/,
    })
    t.match(
      run(ROOT, 'docker', '--list-hosts', '-i', 'own.yaml').stderr,
      `inventory ${ROOT}/own.yaml not found (working directory: ${ROOT}); specify one with -i PATH, or hosts with -i host1,host2,, or use the project's inventory with -i ${ROOT}/inventory.yaml`,
    )
  },
)

t.test(
  'plays without hosts in the inventory are skipped with exit code 0; a limit that matches nothing is an error',
  async (t) => {
    const directory = t.testdir()
    writeFileSync(
      path.join(directory, 'own.yaml'),
      'all:\n  children:\n    web:\n      hosts:\n        h1: { ansible_connection: local }\n',
    )
    const { exitCode, stdout, stderr } = run(
      directory,
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
    for (const message of [
      'Could not match supplied host pattern, ignoring: docker (the groups are all, ungrouped, web)',
      'play "Install Docker Engine": skipping: no hosts matched docker',
      '--extra-vars replicas: variable was not used in this run',
      '--tags dokcer: no play or task has this tag; did you mean "docker"?',
      'nothing ran: no task matches --tags dokcer',
    ])
      t.match(stdout, message, message)
    t.match(run(directory, 'docker', '-i', 'own.yaml', '--check', '--limit', 'docker'), {
      exitCode: 1,
      stdout: '',
      stderr: /^no host or group in the inventory matches "docker"/,
    })
  },
)

t.test('output that cannot be written ends the program with one message', async (t) => {
  for (const [playbook, option] of [
    ['docker', '--help'],
    ['report', '--help'],
  ] as const) {
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [path.join(ROOT, `playbooks/${playbook}.mjs`), option], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    closeSync(full)
    t.strictSame([status, stderr], [1, 'cannot write to stdout: ENOSPC: no space left on device, write\n'], playbook)
  }
})
