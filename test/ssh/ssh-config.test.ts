import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { connectionSettings } from '../../src/connection/index.ts'
import type { ConnectionSettings } from '../../src/connection/settings.ts'
import { runs, sameCases } from '../support/seed.ts'

const folder = t.testdir()
const file = (name: string): string => join(folder, name)

/** What `ssh -G` prints for a host, by keyword; undefined if it refuses the configuration. */
function reference(config: string, host: string, args: readonly string[] = []): Map<string, string[]> | undefined {
  const { status, stdout } = spawnSync('ssh', ['-F', config, ...args, '-G', host], { encoding: 'utf8' })
  if (status !== 0) return undefined
  const options = new Map<string, string[]>()
  for (const line of stdout.trim().split('\n')) {
    const [, keyword = '', value = ''] = /^(\S+) ?(.*)$/.exec(line) ?? []
    options.set(keyword, [...(options.get(keyword) ?? []), value])
  }
  return options
}

const CHECKING: Readonly<Record<string, string>> = { true: 'yes', false: 'no' }
const DEFAULT_KNOWN_HOSTS = ['known_hosts', 'known_hosts2'].map((name) => join(homedir(), '.ssh', name))

/** The options of {@link reference} in Labbook's form, as far as Labbook uses them. */
function expected(options: Map<string, string[]>) {
  const one = (keyword: string): string | undefined => options.get(keyword)?.[0]
  const expand = (path: string): string => path.replace(/^~(?=\/)/, homedir())
  const number = (keyword: string): number => Number(one(keyword))
  const keys = (options.get('identityfile') ?? []).map(expand)
  const strict = one('stricthostkeychecking') ?? ''
  return {
    address: one('hostname'),
    port: number('port'),
    user: one('user'),
    // ssh prints its default keys where none is configured.
    keys: keys.includes(join(homedir(), '.ssh/id_xmss')) ? undefined : keys.filter((key) => key !== 'none'),
    certificates: (options.get('certificatefile') ?? []).map(expand).filter((each) => each !== 'none'),
    identitiesOnly: one('identitiesonly') === 'yes',
    // ssh prints no quotes around names with spaces.
    knownHosts: (one('userknownhostsfile') ?? '')
      .split(' ')
      .map(expand)
      .join(' ')
      .replace(/^none$/, ''),
    checking: CHECKING[strict] ?? strict,
    alias: one('hostkeyalias'),
    timeout: one('connecttimeout') === 'none' ? 10 : number('connecttimeout'),
    alive: [number('serveraliveinterval'), number('serveralivecountmax')],
    jump: one('proxyjump'),
    command: one('proxycommand'),
  }
}

/** Labbook's settings in the same form. */
function actual(settings: ConnectionSettings, text: { jump: string | undefined; command: string | undefined }) {
  const { proxy, keepalive } = settings
  return {
    address: settings.address,
    port: settings.port,
    user: settings.user,
    keys: settings.keyFiles?.map(({ path }) => path),
    certificates: settings.certificateFiles ?? [],
    identitiesOnly: settings.identitiesOnly ?? false,
    knownHosts: (settings.userKnownHostsFiles ?? DEFAULT_KNOWN_HOSTS).join(' '),
    checking: settings.hostKeyChecking,
    alias: settings.hostKeyAlias,
    timeout: settings.connectTimeoutSeconds,
    // Labbook's default interval is not 0: without keepalives a dead connection stays open.
    alive: [keepalive.intervalSeconds, keepalive.countMax],
    jump: proxy !== undefined && 'jump' in proxy ? text.jump : undefined,
    command: proxy !== undefined && 'command' in proxy ? text.command : undefined,
  }
}

const HOSTS = ['web1', 'web2', 'db.example.org', 'bastion', 'WEB1', '10.0.0.5']
const host = fc.constantFrom(...HOSTS)
const pattern = fc.constantFrom('*', 'web?', 'web*', '!web1', '*.example.org', '10.0.*', 'WEB*', ...HOSTS)
const list = <T>(one: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<string> =>
  fc.array(one, { minLength: 1, maxLength }).map((all) => all.join(' '))
const commas = (one: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(one, { minLength: 1, maxLength: 3 }).map((all) => all.join(','))
const user = fc.constantFrom('root', 'ops', 'admin')
const criterion = fc.oneof(
  commas(pattern).map((value) => `host ${value}`),
  commas(pattern).map((value) => `originalhost ${value}`),
  commas(pattern).map((value) => `!host ${value}`),
  commas(user).map((value) => `user=${value}`),
  fc.constantFrom('localuser root', '!localuser root', 'final', '!final', 'canonical', 'user "ops,root"'),
)
const path = fc.constantFrom('~/.ssh/a', '/keys/b', '"/keys/with space"', "'/keys/single'", '/keys/a\\ b', 'none')
const option = fc.oneof(
  fc.constantFrom('%h.example.org', '10.1.2.3', 'web1', 'x%%y').map((value) => `HostName ${value}`),
  fc.constantFrom('22', '2222', '65535').map((value) => `Port=${value}`),
  user.map((value) => `User ${value}`),
  path.map((value) => `IdentityFile ${value}`),
  path.map((value) => `CertificateFile = ${value}`),
  fc.constantFrom('yes', 'no', 'YES', 'true').map((value) => `IdentitiesOnly ${value}`),
  list(fc.constantFrom('~/.ssh/known', '/etc/hosts.known', '"/a b"'), 2).map((value) => `UserKnownHostsFile ${value}`),
  fc.constantFrom('yes', 'no', 'ask', 'off', 'accept-new').map((value) => `StrictHostKeyChecking ${value}`),
  fc.constantFrom('alias1', 'alias2').map((value) => `HostKeyAlias ${value}`),
  fc.constantFrom('5', '1m', '1m30s', 'none').map((value) => `ConnectTimeout ${value}`),
  fc.constantFrom('7', '2m').map((value) => `ServerAliveInterval\t${value}`),
  fc.constantFrom('1', '9').map((value) => `ServerAliveCountMax  ${value}`),
  fc
    .constantFrom('j1', 'ops@j1:2200', 'j1,root@j2', 'ssh://ops@j3:2201', 'none', '[::1]:22')
    .map((v) => `ProxyJump ${v}`),
  fc.constantFrom('nc %h %p # not a comment', 'sh -c "exec nc \'%h\' %p"', 'none').map((v) => `ProxyCommand ${v}`),
)
const noise = fc.constantFrom('', '# Host *', '   ', '\t# x', 'ForwardAgent no', 'SendEnv LANG LC_*')
const block = fc.record({
  head: fc.oneof(
    { weight: 3, arbitrary: list(pattern).map((value) => `Host ${value}`) },
    { weight: 2, arbitrary: list(criterion, 2).map((value) => `Match ${value}`) },
    fc.constant('Match all'),
    fc.constantFrom('Include INCLUDED', 'Include FOLDER/*.conf', 'Include nothing-there'),
  ),
  lines: fc.array(fc.oneof({ weight: 5, arbitrary: option }, noise), { maxLength: 4 }),
  comment: fc.constantFrom('', '', ' # comment'),
  indent: fc.constantFrom('', '  ', '\t'),
})
const configText = fc
  .tuple(fc.array(option, { maxLength: 1 }), fc.array(block, { maxLength: 5 }))
  .map(([first, blocks]) =>
    [
      ...first,
      ...blocks.flatMap(({ head, lines, comment, indent }) => [head + comment, ...lines.map((l) => indent + l)]),
    ]
      .join('\n')
      .replaceAll('INCLUDED', file('included'))
      .replaceAll('FOLDER', file('folder')),
  )

mkdirSync(file('folder'))

t.test('any configuration means what it means to ssh -G', async (t) => {
  let compared = 0
  const numRuns = runs(100)
  fc.assert(
    fc.property(
      fc.record({
        text: configText,
        included: configText,
        more: configText,
        host,
        args: fc.array(
          option.filter((each) => !/Proxy|["'\\#]/.test(each)),
          { maxLength: 2 },
        ),
      }),
      ({ text, included, more, host: name, args }) => {
        // Files that include themselves would only test the limit.
        const flat = (config: string): string => config.replaceAll(/^\s*Include.*$/gm, '')
        writeFileSync(file('config'), `${text}\n`)
        writeFileSync(file('included'), `${flat(included)}\n`, { mode: 0o600 })
        writeFileSync(file('folder/a.conf'), `${flat(more)}\r\n`, { mode: 0o600 })
        const words = args.map((each) => each.replace(/\s*[=\s]\s*/, '='))
        const options = reference(
          file('config'),
          name,
          words.flatMap((word) => ['-o', word]),
        )
        if (options === undefined) return
        let settings: ConnectionSettings
        try {
          settings = connectionSettings('node', {
            ansible_host: name,
            ansible_ssh_common_args: `-F ${file('config')} ${words.map((word) => `-o '${word}'`).join(' ')}`,
          })
        } catch (error) {
          // ssh would start itself again and again.
          if (/ProxyJump loops: /.test((error as Error).message)) return
          throw error
        }
        compared++
        compare(settings, options)
      },
    ),
    { numRuns, ...sameCases },
  )
  t.ok(compared > numRuns / 2, `${compared} of ${numRuns} configurations compared`)
})

/** Compares the settings of a host, and those of the hosts that it is reached over. */
function compare(settings: ConnectionSettings, options: Map<string, string[]>): void {
  const wanted = expected(options)
  const result = actual(settings, { jump: wanted.jump, command: wanted.command })
  if (wanted.alive[0] === 0 && result.alive[0] === 15) wanted.alive[0] = 15
  const [a, b] = [JSON.stringify(result), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`Labbook: ${a}\nssh:     ${b}`)
  const { proxy } = settings
  if (wanted.jump === undefined || proxy === undefined || !('jump' in proxy)) return
  const [last = '', ...before] = wanted.jump.split(',').reverse()
  const [, user, host = '', port] = /^(?:(.*)@)?\[?([^@\]]*?)\]?(?::(\d+))?$/.exec(last.replace('ssh://', '')) ?? []
  const hop = reference(file('config'), host, [
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', port]),
    ...(before.length === 0 ? [] : ['-J', before.reverse().join(',')]),
  ])
  if (hop === undefined) throw new Error(`ssh refuses the jump host ${last}`)
  compare(proxy.jump, hop)
}

const settingsOf = (config: string, name = 'web1', common = ''): ConnectionSettings => {
  writeFileSync(file('config'), config)
  return connectionSettings('node', {
    ansible_host: name,
    ansible_ssh_common_args: `-F ${file('config')} ${common}`,
  })
}

t.test('tokens mean what they mean to ssh', async (t) => {
  const config = `Host alias
  HostName %h.Example.org
  Port 2200
  User ops
  HostKeyAlias known-as
  IdentityFile ~/%d/%h/%i/%k/%L/%l/%n/%p/%r/%u/%%
  IdentityFile \${LABBOOK_TEST}/key
  ProxyCommand sh -c 'echo "%h %k %n %p %r %%" >${file('expanded')}; false'
`
  process.env['LABBOOK_TEST'] = '/from/environment'
  t.teardown(() => delete process.env['LABBOOK_TEST'])
  const settings = settingsOf(config, 'alias')
  const { stderr } = spawnSync('ssh', ['-v', '-F', file('config'), 'alias', 'true'], { encoding: 'utf8' })
  const keys = [...stderr.matchAll(/identity file (\S+) type/g)].map(([, key]) => key)
  t.ok(keys.length > 2, stderr)
  t.strictSame(
    settings.keyFiles?.map(({ path }) => path),
    keys.filter((key) => key?.endsWith('-cert') === false),
  )
  const command = settings.proxy !== undefined && 'command' in settings.proxy ? settings.proxy.command : ''
  t.match(command, `echo "${readFileSync(file('expanded'), 'utf8').trim()}"`)
  t.throws(() => settingsOf('IdentityFile /a/%Z'), { message: /^node: .*config:1: IdentityFile has the token "%Z"/ })
})

t.test('what is read and not supported is named, with its place', async (t) => {
  const at = (line: number): string => `${file('config')}:${line}`
  t.strictSame(settingsOf('Host web1\nForwardAgent yes\nCiphers aes128-ctr\nHost x\nMACs a\n').unsupported, [
    `ForwardAgent (${at(2)})`,
    `Ciphers (${at(3)})`,
  ])
  t.equal(settingsOf('SendEnv LANG\nControlMaster auto\nForwardX11 yes\nForwardAgent no\n').unsupported, undefined)
  t.equal(settingsOf('IgnoreUnknown Apple*\nAppleOption yes\n').unsupported, undefined)
  const refused: [string, string][] = [
    ['Match host web1 exec "true"\n Port 1\n', `${at(1)}: Match: "exec" is not supported: use host, `],
    ['RevokedHostKeys /etc/revoked\n', `${at(1)}: RevokedHostKeys is not supported: Labbook does not read lists`],
    ['CanonicalizeHostname yes\n', `${at(1)}: CanonicalizeHostname is not supported: `],
    ['Port 0x16\n', `${at(1)}: Port must be a port number`],
    ['User "a\n', `${at(1)}: unclosed quote in: "a`],
    ['\nHost x\n  User\n', `${at(3)}: cannot read "User": write Name value`],
    ['ProxyJump web1\n', `${at(1)}: ProxyJump loops: `],
    ['Match all host web1\n', `${at(1)}: Match: "all" cannot be combined with other criteria`],
  ]
  for (const [config, message] of refused) {
    t.throws(() => settingsOf(config), { name: 'ConnectionConfigError', message: `node: ${message}` }, config)
  }
  t.equal(settingsOf('Match host other exec "true"\n Port 1\n').port, 22, 'criteria after one that does not match')
  t.throws(() => connectionSettings('node', { ansible_ssh_args: '-F /nowhere' }), {
    message: 'node: cannot read the ssh_config file /nowhere (ENOENT)',
  })
  t.equal(connectionSettings('node', { ansible_ssh_args: '-F none' }).port, 22)
})

t.test('a file that others may write to is refused, as by ssh', async (t) => {
  writeFileSync(file('open'), 'Port 2222\n')
  chmodSync(file('open'), 0o666)
  t.equal(reference(file('config'), 'x', ['-o', `Include=${file('open')}`]), undefined)
  t.throws(() => settingsOf(`Include ${file('open')}\n`), { message: /open: others may write to this file/ })
})
