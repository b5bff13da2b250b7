import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import {
  debug,
  defineVars,
  play,
  role,
  template,
  varTypes,
  type PlayContext,
  type RoleCall,
} from '../../../src/labbook.ts'
import { InputReader } from '../../../src/execution/inputs.ts'
import { handlersOf, tasksOf } from '../../../src/playbook/play-tasks.ts'
import { runSteps } from '../../support/play-run.ts'

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/role')

const site = role({
  name: 'site',
  directory: path.join(FIXTURES, 'site'),
  vars: defineVars('site', {
    site_port: { schema: varTypes.integer(1, 65535), default: 80, description: 'its port' },
    site_name: { schema: varTypes.text(), description: 'its name' },
  }),
  tasks: ({ site_port, site_name }) => [
    template('Configure', { src: 'site.conf.j2', dest: '/etc/site.conf', notify: 'reload site' }),
    debug({ msg: `${site_name ?? 'unnamed'}:${site_port}` }),
  ],
  handlers: ({ site_port }) => ({ 'reload site': debug({ msg: `reload ${site_port}` }) }),
})

/** A host with variables of the inventory, and extra variables. */
const host = (vars: Record<string, unknown> = {}, extra: Record<string, unknown> = {}): PlayContext => ({
  host: 'web1',
  vars: { ...vars, ...extra },
  varsWith: (more) => ({ ...vars, ...more, ...extra }),
  facts: {},
  groups: {},
  hostvars: () => vars,
  check: false,
})

const web = (...roles: RoleCall[]) => play('Web', { hosts: 'web', roles }, () => [debug({ msg: 'task' })])
const messages = (on: PlayContext, ...roles: RoleCall[]): unknown[] =>
  tasksOf(web(...roles), on).map(({ params }) => params['msg'] ?? params['src'])

t.test('variables of a role: extra variables, the call, the inventory, the default, as in Ansible', async (t) => {
  t.strictSame(messages(host(), site()), ['site.conf.j2', 'unnamed:80', 'task'], 'roles run first')
  t.strictSame(messages(host({ site_port: '81' }), site())[1], 'unnamed:81')
  t.strictSame(messages(host({ site_port: 81 }), site({ site_port: 82, site_name: 'a' }))[1], 'a:82')
  t.strictSame(messages(host({ site_port: 81 }, { site_port: 83 }), site({ site_port: 82 }))[1], 'unnamed:83')
  t.strictSame(messages(host(), site({ site_port: 1 }), site({ site_port: 2 })), [
    'site.conf.j2',
    'unnamed:1',
    'site.conf.j2',
    'unnamed:2',
    'task',
  ])
  t.throws(() => messages(host({ site_port: 'x' }), site()), { message: /web1: site_port is "x"/ })
})

t.test('a role with a wrong variable is refused', async (t) => {
  t.throws(() => site({ site_prot: 1 } as object), { message: 'role "site" has no variable site_prot' })
  t.throws(() => play('Web', { hosts: 'web', roles: [site] as unknown as RoleCall[] }), {
    message: /^play "Web": roles must be a list of calls of roles/,
  })
})

t.test('handlers of roles: a play may replace them, two roles may not share a name', async (t) => {
  const on = host()
  t.match(handlersOf(web(site({ site_port: 8080 })), on)['reload site']?.params, { msg: 'reload 8080' })
  const own = { 'reload site': debug({ msg: 'own' }) }
  t.match(
    handlersOf(
      play('Web', { hosts: 'web', roles: [site()] }, () => [], own),
      on,
    )['reload site']?.params,
    {
      msg: 'own',
    },
  )
  const other = role({
    name: 'other',
    directory: FIXTURES,
    vars: defineVars('other', {}),
    tasks: () => [],
    handlers: () => own,
  })
  t.throws(() => handlersOf(web(site(), other()), on), {
    message: /role\.test\.ts:\d+:\d+: roles "site" and "other" both have a handler "reload site": rename one of them$/,
  })
})

t.test('files of a role are those beside it, else those of the project', async (t) => {
  const reader = new InputReader(path.join(FIXTURES, 'project'))
  const [configure] = tasksOf(web(site()), host())
  const read = async (src: string, directory: string | undefined): Promise<string | undefined> =>
    (await reader.read({ src }, directory))['src']?.toString()
  t.equal(await read('site.conf.j2', configure?.directory), 'of the role\n')
  t.equal(await read('site.conf.j2', undefined), 'of the project\n')
  t.equal(await read('only.conf.j2', configure?.directory), 'only in the project\n')
  await t.rejects(read('none.j2', configure?.directory), {
    message: /role\/site\/templates\/none\.j2, .*project\/none\.j2$/,
  })
})

t.test('a run gives a role its variables and its files, and runs its handlers', async (t) => {
  const directory = t.testdir({ note: { templates: { 'note.j2': '{{ note_text }} {{ note_mark }}\n' } } })
  const dest = path.join(directory, 'note.txt')
  const note = role({
    name: 'note',
    directory: path.join(directory, 'note'),
    vars: defineVars('note', {
      note_text: { schema: varTypes.text(), default: 'default', description: 'its text' },
      note_mark: { schema: varTypes.text(), default: '!', description: 'its mark' },
    }),
    tasks: (vars) => [template('Write', { src: 'note.j2', dest, vars, notify: 'announce' })],
    handlers: (vars) => ({ announce: debug('Announce', { msg: vars.note_mark }) }),
  })
  const steps = [play('Notes', { hosts: 'all', vars: { note_text: 'play' }, roles: [note({ note_mark: '?' })] })]
  const first = await runSteps(steps)
  t.equal(readFileSync(dest, 'utf8'), 'play ?\n')
  t.strictSame(first.story, ['a Write: changed', 'a Announce: ok'])
  await runSteps(steps, { extraVars: { note_text: 'extra', note_mark: '#' } })
  t.equal(readFileSync(dest, 'utf8'), 'extra #\n')
})
