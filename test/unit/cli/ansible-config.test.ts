import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { AnsibleConfig } from '../../../src/cli/ansible-config.ts'
import { connectionChoices } from '../../../src/cli/connection-choices.ts'
import { expandLimit } from '../../../src/cli/limit.ts'
import { parseOptions } from '../../../src/cli/options.ts'
import { UsageError } from '../../../src/cli/usage-error.ts'
import { connectionSettings } from '../../../src/connection/index.ts'

const choose = (argv: readonly string[], environment: NodeJS.ProcessEnv, directory: string) => {
  const config = new AnsibleConfig(environment, directory)
  return { config, ...connectionChoices(parseOptions(argv), config) }
}

t.test(
  'the command line precedes the environment, and that ansible.cfg; inventory variables precede all',
  async (t) => {
    const directory = t.testdir({
      'ansible.cfg': `# comment
[defaults]
remote_user: cfg   ; comment
timeout = 3
private_key_file = keys/id
remote_port = 2222
host_key_checking = False
stdout_callback = yaml
forks = 50

[ssh_connection]
ssh_args = -o IdentitiesOnly=yes
  -o ServerAliveInterval=7
[privilege_escalation]
become = True
become_user = app
become_ask_pass = yes
`,
    })
    const environment = { ANSIBLE_TIMEOUT: '4', ANSIBLE_REMOTE_USER: 'environment' }
    const { config, defaults, askPass, askBecomePass } = choose(['-u', 'me'], environment, directory)
    t.strictSame([askPass, askBecomePass], [false, true])
    const all = { ...defaults, passphrases: new Map() }
    t.match(connectionSettings('n', { ansible_become_user: 'root' }, all), {
      user: 'me',
      port: 2222,
      connectTimeoutSeconds: 4,
      keyFiles: [{ path: path.join(directory, 'keys/id') }],
      hostKeyChecking: 'no',
      identitiesOnly: true,
      keepalive: { intervalSeconds: 7 },
      become: { always: true, user: 'root' },
    })
    t.equal(connectionSettings('n', { ansible_ssh_user: 'older name' }, all).user, 'older name')
    t.strictSame(config.report(), [
      'ansible.cfg: used: [defaults] remote_user, [defaults] timeout, [defaults] private_key_file, ' +
        '[defaults] remote_port, [defaults] host_key_checking, [ssh_connection] ssh_args, [privilege_escalation] become, ' +
        '[privilege_escalation] become_user, [privilege_escalation] become_ask_pass',
      'ansible.cfg: not supported, ignored: [defaults] forks',
    ])
  },
)

/** What ansible-core and Python's configparser read. */
const ANSIBLE = JSON.parse(readFileSync(new URL('../../fixtures/cli/ansible.json', import.meta.url), 'utf8')) as {
  readonly configs: readonly (readonly [text: string, sections: Record<string, Record<string, string>> | null])[]
  readonly settings: readonly (readonly [value: string, setting: string])[]
}

/** An `ansible.cfg` with this text. */
const configOf = (t: Test, text: string): AnsibleConfig => new AnsibleConfig({}, t.testdir({ 'ansible.cfg': text }))

t.test('lines are read as by configparser', async (t) => {
  t.ok(ANSIBLE.configs.length > 20)
  for (const [text, sections] of ANSIBLE.configs) {
    if (sections === null) {
      t.throws(() => configOf(t, text), UsageError, text)
      continue
    }
    const config = configOf(t, text)
    for (const [section, options] of Object.entries(sections))
      for (const [key, value] of Object.entries(options)) {
        const expected = value === '' ? undefined : /^"x"$|^'y'$/.test(value) ? value.slice(1, -1) : value
        t.equal(config.setting([], [`${section}.${key}`])?.value, expected, `${key} of ${JSON.stringify(text)}`)
      }
    const names = Object.entries(sections).flatMap(([section, options]) =>
      Object.keys(options).map((key) => `[${section}] ${key}`),
    )
    t.strictSame(
      config.report(),
      names.length === 0 ? [] : [`ansible.cfg: used: ${names.join(', ')}`],
      'no other lines',
    )
  }
})

t.test('one pair of quotes is removed from values of ansible.cfg, and of no variable', async (t) => {
  for (const [value, expected] of ANSIBLE.settings)
    t.equal(configOf(t, `[defaults]\nremote_user = ${value}\n`).setting([], ['defaults.remote_user'])?.value, expected)
  const environment = { ANSIBLE_REMOTE_USER: '"deploy"' }
  t.equal(choose([], environment, t.testdir({})).defaults.variables['ansible_user'], '"deploy"')
})

t.test('of two lines or variables for one setting the same counts as in Ansible', async (t) => {
  const variables = (text: string, environment: NodeJS.ProcessEnv = {}): Record<string, unknown> =>
    choose([], environment, t.testdir({ 'ansible.cfg': text })).defaults.variables
  const both = variables(`[defaults]
host_key_checking = False
timeout = 3
[ssh_connection]
host_key_checking = True
timeout = 4
[privilege_escalation]
become_user = a
become_exe = a
become_flags = -a
[sudo_become_plugin]
user = b
executable = b
flags = -b
`)
  t.match(both, {
    ansible_host_key_checking: 'True',
    ansible_ssh_timeout: '3',
    ansible_become_user: 'b',
    ansible_become_exe: 'b',
    ansible_become_flags: '-b',
  })
  t.equal(variables('[defaults]\nhost_key_checking = False\n').ansible_host_key_checking, 'False')
  t.equal(
    variables('[defaults]\nhost_key_checking = True\n[ssh_connection]\nhost_key_checking =\n')
      .ansible_host_key_checking,
    'True',
    'an empty line sets nothing',
  )
  const environment = {
    ANSIBLE_HOST_KEY_CHECKING: 'False',
    ANSIBLE_SSH_HOST_KEY_CHECKING: 'True',
    ANSIBLE_TIMEOUT: '3',
    ANSIBLE_SSH_TIMEOUT: '4',
    ANSIBLE_BECOME_USER: 'a',
    ANSIBLE_SUDO_USER: 'b',
  }
  t.match(variables('', environment), {
    ansible_host_key_checking: 'True',
    ansible_ssh_timeout: '3',
    ansible_become_user: 'b',
  })
})

t.test('ansible.cfg is found where Ansible finds it', async (t) => {
  const directory = t.testdir({
    'ansible.cfg': '[defaults]\nremote_user = here\n',
    other: { 'ansible.cfg': '[defaults]\nremote_user = other\n' },
    empty: {},
  })
  const user = (environment: NodeJS.ProcessEnv, from = directory): unknown =>
    choose([], environment, from).defaults.variables['ansible_user']
  t.equal(user({}), 'here')
  t.equal(user({ ANSIBLE_CONFIG: 'other' }), 'other', 'a directory')
  t.equal(user({ ANSIBLE_CONFIG: 'other/ansible.cfg' }), 'other')
  t.equal(user({ ANSIBLE_CONFIG: 'missing.cfg' }), 'here', 'the next one')
  t.equal(user({}, path.join(directory, 'empty')), undefined)
  const open = path.join(directory, 'open')
  mkdirSync(open)
  writeFileSync(path.join(open, 'ansible.cfg'), '[defaults]\nremote_user = stranger\n')
  chmodSync(open, 0o777)
  t.equal(user({}, open), undefined, 'anyone may write to the directory')
  t.match(choose([], {}, open).config.warnings[0], /ansible.cfg in .*open is ignored/)
  t.equal(user({ ANSIBLE_CONFIG: path.join(open, 'ansible.cfg') }, open), 'stranger', 'named, it counts')
})

t.test('a line that cannot be read, and a value that is invalid, are errors with their place', async (t) => {
  const directory = t.testdir({
    'ansible.cfg': 'remote_user = x\n',
    ok: { 'ansible.cfg': '[defaults]\ntimeout=soon\n' },
  })
  t.throws(() => choose([], {}, directory), {
    constructor: UsageError,
    message: 'ansible.cfg:1: cannot read "remote_user = x": write key = value, in a [section]',
  })
  const invalid = { ...choose([], {}, path.join(directory, 'ok')).defaults, passphrases: new Map() }
  t.throws(() => connectionSettings('n', {}, invalid), {
    message: 'n: ansible_ssh_timeout (ansible.cfg:2) must be a number of seconds',
  })
  const option = { ...choose(['-T', 'x'], {}, path.join(directory, 'ok')).defaults, passphrases: new Map() }
  t.throws(() => connectionSettings('n', {}, option), { message: /ansible_ssh_timeout \(--timeout\)/ })
})

t.test('arguments of ssh may start with a dash', async (t) => {
  const value = (...argv: string[]): unknown =>
    parseOptions(argv).connection.variables.get('ansible_ssh_common_args')?.value
  t.equal(value('--ssh-common-args', '-J bastion'), '-J bastion')
  t.equal(value('--ssh-common-args=-C'), '-C')
  t.throws(() => parseOptions(['--ssh-common-args', '--check']), /--ssh-common-args needs a value/)
  t.throws(() => parseOptions(['-k', '--no-input']), /--ask-pass prompts/)
})

t.test('--limit @file has a pattern on each line', async (t) => {
  const directory = t.testdir({ retry: 'web1\n\n web2 \n', empty: '\n' })
  t.equal(expandLimit(`db,@${directory}/retry`), 'db,web1,web2')
  t.equal(expandLimit('all:!web1'), 'all:!web1')
  t.throws(() => expandLimit(`@${directory}/empty`), /has no host pattern/)
  t.throws(() => expandLimit('@/nowhere'), { message: '--limit @/nowhere: cannot read the file: ENOENT' })
})
