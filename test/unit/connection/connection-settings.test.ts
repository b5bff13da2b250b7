import { homedir, userInfo } from 'node:os'
import t from 'tap'
import { ConnectionConfigError, connectionSettings } from '../../../src/connection/index.ts'
import { Secret } from '../../../src/values/secret.ts'

const configError = (message: string | RegExp) => ({ constructor: ConnectionConfigError, message })

t.test('host without variables is reached by its name, over SSH, as the current user', async (t) => {
  t.same(connectionSettings('node1', {}), {
    name: 'node1',
    connection: 'ssh',
    address: 'node1',
    port: 22,
    user: userInfo().username,
    hostKeyChecking: 'ask',
    connectTimeoutSeconds: 10,
    keepalive: { intervalSeconds: 15, countMax: 3 },
    become: { always: false, user: 'root' },
  })
})

t.test("connection settings are read from Ansible's variables", async (t) => {
  const target = connectionSettings('node1', {
    ansible_host: '10.0.0.1',
    ansible_port: '2222',
    ansible_user: 'ops',
    ansible_ssh_private_key_file: '~/.ssh/lab',
    ansible_ssh_timeout: '3',
    ansible_become: 'yes',
    ansible_become_user: 'app',
    ansible_become_method: 'sudo',
    ansible_ssh_common_args: '-C -o UserKnownHostsFile=~/known -oStrictHostKeyChecking=accept-new',
    ansible_ssh_extra_args:
      '-o "BindAddress 10.0.0.9" -o ControlPersist=60s -o ServerAliveInterval=5 -o ServerAliveCountMax=2',
  })
  t.same(target, {
    name: 'node1',
    connection: 'ssh',
    address: '10.0.0.1',
    port: 2222,
    user: 'ops',
    keyFiles: [{ path: `${homedir()}/.ssh/lab`, setBy: 'ansible_ssh_private_key_file' }],
    userKnownHostsFiles: [`${homedir()}/known`],
    hostKeyChecking: 'accept-new',
    bindAddress: '10.0.0.9',
    connectTimeoutSeconds: 3,
    keepalive: { intervalSeconds: 5, countMax: 2 },
    become: { always: true, user: 'app' },
  })
})

t.test('passwords become secrets; a number is refused', async (t) => {
  const { password, become } = connectionSettings('node1', { ansible_ssh_pass: 'abc', ansible_become_pass: '1234' })
  t.equal(password?.reveal(), 'abc')
  t.equal(become.password?.reveal(), '1234')
  t.notMatch(JSON.stringify([password, become]), /abc|1234/)
  t.throws(() => connectionSettings('node1', { ansible_become_pass: 1234 }), {
    message: 'node1: ansible_become_pass must be a string: quote it',
  })
  const existing = new Secret('x')
  t.equal(connectionSettings('node1', { ansible_become_password: existing }).become.password, existing)
})

t.test("sudo's program and flags replace the default ones, as in Ansible", async (t) => {
  const become = (vars: Record<string, unknown>) => connectionSettings('node1', vars).become
  t.match(become({ ansible_become_exe: '/usr/local/bin/sudo' }), { exe: '/usr/local/bin/sudo', flags: undefined })
  t.equal(become({ ansible_sudo_exe: 'sudo-ldap', ansible_sudo_user: 'app' }).exe, 'sudo-ldap')
  t.equal(become({ ansible_sudo_user: 'app' }).user, 'app')
  const flags: [string, string[]][] = [
    ['-H -S -n', ['-H']],
    ['-HSn -E', ['-H', '-E']],
    ['-i', ['-i']],
    ['', []],
    ['--non-interactive --preserve-env=PATH --login', ['--preserve-env=PATH', '--login']],
    ['-g staff -C10 --group=staff --chdir /srv', ['-g', 'staff', '-C10', '--group=staff', '--chdir', '/srv']],
    ['TZ=UTC -A', ['TZ=UTC', '-A']],
    ['"-g" \'staff\'', ['-g', 'staff']],
  ]
  for (const [text, expected] of flags) {
    t.same(become({ ansible_become_flags: text }).flags, expected, text)
    t.same(become({ ansible_sudo_flags: text }).flags, expected, text)
  }
  const refused: [Record<string, unknown>, RegExp][] = [
    [{ ansible_become_exe: 'sudo; reboot' }, /ansible_become_exe must be the name or path of a program/],
    [{ ansible_become_flags: '-u app' }, /ansible_become_flags has "-u", which Labbook cannot pass to sudo/],
    [{ ansible_become_flags: '-b' }, /has "-b", which Labbook/],
    [{ ansible_become_flags: '--login=x' }, /has "--login=x", which Labbook/],
    [{ ansible_become_flags: '-g' }, /has -g without a usable value/],
    [{ ansible_become_flags: '-H; reboot' }, /has "-H;": only letters/],
    [{ ansible_become_flags: 'whoami' }, /has "whoami", which Labbook/],
    [{ ansible_become_flags: "-H 'x" }, /unclosed quote/],
    [{ ansible_sudo_chdir: '/srv' }, /ansible_sudo_chdir is not supported/],
  ]
  for (const [vars, message] of refused)
    t.throws(() => connectionSettings('node1', vars), configError(message), JSON.stringify(vars))
})

t.test('IdentitiesOnly is read', async (t) => {
  const only = (value: string) => connectionSettings('n', { ansible_ssh_args: `-o IdentitiesOnly=${value}` })
  t.same([only('yes').identitiesOnly, only('no').identitiesOnly], [true, false])
  t.throws(() => only('maybe'), configError(/option "IdentitiesOnly" must be yes or no/))
})

t.test('--accept-new is for hosts that ssh would ask about', async (t) => {
  const defaults = { variables: {}, origins: {}, acceptNewHostKeys: true, passphrases: new Map<string, Secret>() }
  const checking = (args: string) => connectionSettings('n', { ansible_ssh_args: args }, defaults).hostKeyChecking
  const option = (value: string): string => `-o StrictHostKeyChecking=${value}`
  t.strictSame(['', option('ask'), option('yes'), option('no')].map(checking), [
    'accept-new',
    'accept-new',
    'yes',
    'no',
  ])
})

t.test('authentication methods can be left out; ForwardAgent is named as ignored', async (t) => {
  const read = (args: string) => connectionSettings('n', { ansible_ssh_args: args })
  t.equal(read('-o PubkeyAuthentication=yes').authMethods, undefined)
  t.strictSame(read('-o PasswordAuthentication=no -o KbdInteractiveAuthentication=no').authMethods, ['publickey'])
  t.strictSame(read('-o PreferredAuthentications=gssapi-with-mic,password,publickey').authMethods, [
    'publickey',
    'password',
  ])
  t.strictSame(read('-o ForwardAgent=yes').unsupported, ['ForwardAgent (ansible_ssh_args)'])
  t.equal(read('-o ForwardAgent=no').unsupported, undefined)
})

t.test('the first value of an option counts, in the order in which Ansible passes them to ssh', async (t) => {
  const order = [
    ['ansible_ssh_args', '-o Port=1'],
    ['ansible_port', 2],
    ['ansible_ssh_common_args', '-p 3'],
    ['ansible_ssh_extra_args', '-o Port=4 -o Port=5'],
  ] as const
  order.forEach((_, i) => {
    const vars: Record<string, unknown> = Object.fromEntries<unknown>(order.slice(i))
    t.equal(connectionSettings('n', vars).port, i + 1)
  })
})

t.test('null variable counts as not set', async (t) => {
  t.equal(connectionSettings('node1', { ansible_host: null }).address, 'node1')
})

t.test('host key checking can be disabled; an ssh option takes precedence', async (t) => {
  t.equal(connectionSettings('n', { ansible_host_key_checking: false }).hostKeyChecking, 'no')
  t.equal(
    connectionSettings('n', {
      ansible_ssh_host_key_checking: 'no',
      ansible_ssh_args: '-o StrictHostKeyChecking=yes',
    }).hostKeyChecking,
    'yes',
  )
})

t.test('error for an invalid value names host, variable and valid values', async (t) => {
  const cases: [Record<string, unknown>, string | RegExp][] = [
    [{ ansible_connection: 'winrm' }, 'node1: ansible_connection must be ssh or local'],
    [{ ansible_port: 'ssh' }, /^node1: ansible_port /],
    [{ ansible_port: 70000 }, 'node1: ansible_port must be a port number'],
    [{ ansible_become: 'maybe' }, 'node1: ansible_become must be true or false'],
    [{ ansible_become_method: 'su' }, /^node1: ansible_become_method must be sudo/],
    [{ ansible_become_user: 'x; reboot' }, /^node1: ansible_become_user must be a user name/],
    [{ ansible_become_user: '-s' }, /^node1: ansible_become_user must be a user name/],
    [{ ansible_host: '' }, 'node1: ansible_host must not be empty'],
    [{ ansible_ssh_common_args: '-o ProxyJump=a,,b' }, /^node1: ansible_ssh_common_args: option "ProxyJump" must be/],
    [
      { ansible_ssh_extra_args: '-o Tunnel=yes' },
      /^node1: ansible_ssh_extra_args: option "Tunnel" is not supported; supported are/,
    ],
    [{ ansible_ssh_args: '-o ConnectTimeout=soon' }, /option "ConnectTimeout" must be a whole number of seconds/],
    [
      { ansible_ssh_args: '-o ServerAliveInterval=1x' },
      /option "ServerAliveInterval" must be a whole number of seconds/,
    ],
    [{ ansible_ssh_args: '-o ServerAliveCountMax=-1' }, /option "ServerAliveCountMax" must be a whole number/],
    [{ ansible_ssh_args: '-o StrictHostKeyChecking=maybe' }, /must be yes, accept-new, ask or no/],
    [{ ansible_ssh_args: '-4' }, 'node1: ansible_ssh_args: cannot read "-4"; write options as -o Name=value'],
    [{ ansible_ssh_args: '-o' }, /cannot read "-o"/],
    [{ ansible_ssh_args: '-o "BindAddress=::1' }, /^node1: ansible_ssh_args: unclosed quote in: -o "BindAddress=::1$/],
  ]
  for (const [vars, message] of cases)
    t.throws(() => connectionSettings('node1', vars), configError(message), JSON.stringify(vars))
})

t.test('secrets of a vault: only passwords stay secrets', async (t) => {
  const { user, address, become } = connectionSettings('node1', {
    ansible_user: new Secret('ops77'),
    ansible_host: new Secret('10.0.0.77'),
    ansible_become_password: new Secret('sudo77'),
  })
  t.strictSame([user, address], ['ops77', '10.0.0.77'])
  t.ok(become.password instanceof Secret)
  t.equal(become.password?.reveal(), 'sudo77')
})
