import { spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { deployStack } from '../../../../playbooks/stack/steps.ts'
import { flattenTasks, type PlayContext } from '../../../../src/playbook/play.ts'
import { render } from '../../../../src/templates/index.ts'
import { SecretBytes } from '../../../../src/values/secret.ts'
import { readByDocker } from './compose-context.ts'

type Params = Readonly<Record<string, unknown>>

/** The tasks that deploy a compose file. */
function tasksOf(t: Test, compose: string, files: Readonly<Record<string, Buffer>> = {}, vars: Params = {}) {
  const folder = t.testdir({ shop: { 'compose.yaml': compose } })
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, 'shop', name), content)
  const file = path.join(folder, 'shop/compose.yaml')
  const tasks = flattenTasks(deployStack.tasks({ vars: { file, ...vars } } as unknown as PlayContext))
  const find = (title: string): Params => tasks.find((task) => task.title === title)?.params ?? {}
  return { file, find }
}

const NEWER = 'services: {web: {image: x, healthcheck: {test: [NONE], start_interval: 1s}}}\n'

const written = ({ vars }: Params): string =>
  render("{{ pieces | join('') }}", 'compose.yaml', vars as Record<string, unknown>).text

t.test('values of variables are in a file that others cannot read', async (t) => {
  const compose = 'services: {web: {image: x, environment: {PW: $PW}}}\n'
  const { find } = tasksOf(t, compose, {}, { PW: 'abc #def {{ x }}' })
  const { mode } = find('Write compose file')
  t.equal(mode, '0600')
  t.match(readByDocker(written(find('Write compose file'))), {
    services: { web: { environment: { PW: 'abc #def {{ x }}' } } },
  })
  t.equal(tasksOf(t, 'services: {web: {image: x}}\n').find('Write compose file').mode, '0644', 'without variables')
})

t.test('secrets and env files are copied byte by byte', async (t) => {
  const bytes = Buffer.from([0, 0xff, 0xfe, 0x0a, 0xe9])
  const compose =
    'services: {web: {image: x, env_file: a.env, secrets: [s]}}\nsecrets: {s: {file: s.bin}}\nconfigs: {c: {file: c$$d}}\n'
  const { file, find } = tasksOf(t, compose, { 's.bin': bytes, 'a.env': Buffer.from('A=é\n'), c$d: Buffer.from('c') })
  for (const [name, content] of [
    ['s.bin', bytes],
    ['a.env', Buffer.from('A=é\n')],
  ] as const) {
    const copied = find(`Copy ${name}`)
    t.equal(copied.mode, '0600', name)
    t.ok(copied.content instanceof SecretBytes && copied.content.revealBytes().equals(content), name)
  }
  const { compose: composed, ...deploy } = find('Deploy stack shop')
  t.match(deploy, { name: 'shop', prune: 'owned', owner: file, services: ['web'] })
  const [, overrides] = composed as [string, { configs: { c: { file: string } } }]
  t.match(overrides.configs.c.file, /\/c\$\$d$/, 'Docker interpolates the file of overrides')
})

t.test('prune is decided with -e prune', async (t) => {
  const compose = 'services: {web: {image: x}}\n'
  t.equal(tasksOf(t, compose, {}, { prune: true }).find('Deploy stack shop').prune, true)
  t.equal(tasksOf(t, compose, {}, { prune: 'false' }).find('Deploy stack shop').prune, false)
})

t.test('a stack named by its directory is removed only if this file deployed it', async (t) => {
  const compose = 'services: {web: {image: x}}\n'
  const { file, find } = tasksOf(t, compose, {}, { state: 'absent' })
  t.match(find('Remove stack shop'), { state: 'absent', owner: file })
  t.notOk('owner' in tasksOf(t, compose, {}, { state: 'absent', name: 'shop' }).find('Remove stack shop'))
})

t.test('the format version is the same in both files', async (t) => {
  const { find } = tasksOf(t, NEWER)
  t.match(written(find('Write compose file')), "version: '3.12'\n")
  t.match(find('Deploy stack shop').compose, [String, { version: '3.12' }])
})

t.test('a Docker without "stack config" names the format version that it lacks', async (t) => {
  const [newer, plain] = [NEWER, 'services: {web: {image: x}}\n'].map(
    (compose) => tasksOf(t, compose).find('Validate compose file with Docker').cmd as string,
  )
  const docker = t.testdir({ docker: '#!/bin/sh\n' })
  chmodSync(path.join(docker, 'docker'), 0o755)
  const validate = (script = '') =>
    spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { PATH: `${docker}:${process.env['PATH']}` } })
  t.match(validate(newer), {
    status: 1,
    stderr: /^Docker on this host is too old for this compose file \(format version 3\.12\): update it$/m,
  })
  t.match(validate(plain), { status: 0, stderr: '' })
})
