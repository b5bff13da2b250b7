import { readFileSync } from 'node:fs'
import path from 'node:path'
import { output } from '../world/command.ts'
import { packageVersion } from '../world/packages.ts'
import { PROJECT } from '../world/places.ts'
import type { Venv } from '../world/venv.ts'
import { ansible } from './ansible.ts'
import { floor } from './floor.ts'
import { labbook } from './labbook.ts'
import { pyinfra } from './pyinfra.ts'
import type { Runner } from './runner.ts'
import { ssh2 } from './ssh2.ts'

const versionIn = (file: string): string =>
  (JSON.parse(readFileSync(path.join(PROJECT, file), 'utf8')) as { version: string }).version

/** All available runners, the floor first. */
export async function findRunners({ bin, versions }: Pick<Venv, 'bin' | 'versions'>): Promise<Runner[]> {
  const commit = await output('git', ['-C', PROJECT, 'describe', '--always', '--dirty']).catch(() => '')
  const ssh = await packageVersion('openssh-client')
  const debian = (await packageVersion('ansible-core')) ?? (await packageVersion('ansible'))
  const mitogen = await packageVersion('ansible-mitogen')
  const slow = { start: 1, task: 0.16 }
  const program = '/usr/bin/ansible-playbook'
  const newest = versions['ansible-core']
  return [
    floor(`OpenSSH ${ssh ?? ''}`),
    ssh2(versionIn('node_modules/ssh2/package.json')),
    ...labbook(`${versionIn('package.json')} ${commit.trim()}`.trim()),
    ...(bin === undefined || versions['pyinfra'] === undefined
      ? []
      : [pyinfra(versions['pyinfra'], path.join(bin, 'pyinfra'))]),
    ...(debian === undefined || mitogen === undefined
      ? []
      : [
          ansible({
            id: 'ansible-mitogen',
            title: 'Ansible with Mitogen, 50 forks (Debian)',
            version: `${debian}, mitogen ${mitogen}`,
            program,
            config: 'mitogen.cfg',
            expected: { start: 3, task: 0.05 },
          }),
        ]),
    ...(bin === undefined || newest === undefined
      ? []
      : [
          ansible({
            id: 'ansible-core',
            title: 'ansible-core (PyPI), pipelining, ControlPersist, 50 forks',
            version: newest,
            program: path.join(bin, 'ansible-playbook'),
            config: 'fast.cfg',
            expected: slow,
          }),
        ]),
    ...(debian === undefined
      ? []
      : [
          ansible({
            id: 'ansible-fast',
            title: 'Ansible, pipelining, ControlPersist, 50 forks (Debian)',
            version: debian,
            program,
            config: 'fast.cfg',
            expected: slow,
          }),
          ansible({
            id: 'ansible',
            title: 'Ansible, default settings (Debian)',
            version: debian,
            program,
            config: 'default.cfg',
            expected: { start: 1, task: 0.22 },
          }),
        ]),
  ]
}
