import fc from 'fast-check'
import t from 'tap'
import type { z } from 'zod'
import { ufw } from '../../../../src/modules/core/ufw.ts'
import { runs, sameCases } from '../../../support/seed.ts'
import { runIn, shells, type Shell } from '../../../support/shells.ts'
import { descriptions } from '../each-shell.ts'

type Given = z.input<typeof ufw.definition.schema>

const { definition } = ufw
const parse = (given: Given) => definition.schema.parse(given)

/** The namespaces have their own packet filter, and a copy of ufw's files. Both end with the script. */
const PRIVATE = `mkdir -p /run/ufw-test && mount -t tmpfs none /run/ufw-test || exit
for lb_dir in ufw default; do
  cp -a /etc/$lb_dir /run/ufw-test/$lb_dir && mount --bind /run/ufw-test/$lb_dir /etc/$lb_dir || exit
done
mount -t tmpfs none /etc/ufw/applications.d || exit
printf '[Web]\\ntitle=Web\\ndescription=Web\\nports=80,443/tcp\\n' >/etc/ufw/applications.d/web
ip link set lo up`

const MARK = '-- state --'

/** Probes, plans, applies and probes again, after `init`. Each start of ufw takes a tenth of a second. */
function story(shell: Shell, init: string, given: Given) {
  const params = parse(given)
  const inside = (script: string) =>
    runIn(
      { name: shell.name, argv: ['unshare', '--net', '--mount', ...shell.argv] },
      `{ ${PRIVATE}\n${init}; } >/dev/null || exit 99\n${script}`,
    )
  const before = definition.plan(params, inside(definition.probe(params, {})), {}, {})
  const scripts = before.changes.map(({ script }) => `( ${script} ) || exit`).join('\n')
  const state = `grep -h '^### tuple' /etc/ufw/user*.rules; ufw status verbose; grep POLICY /etc/default/ufw`
  const probed = inside(
    `${scripts}\n( ${definition.probe(params, {})}\n); lb_code=$?; echo '${MARK}'; ${state}; exit $lb_code`,
  )
  const [stdout = '', printed = ''] = probed.stdout.split(`${MARK}\n`)
  return { before, after: definition.plan(params, { ...probed, stdout }, {}, {}), state: printed }
}

const tuple = (text: string): RegExp => new RegExp(`^### tuple ### ${text}$`, 'm')
const SSH = { rule: 'allow', to_port: 22, proto: 'tcp' } as const
const HAS_SSH = 'ufw allow 22/tcp'
const HAS_FOUR = 'ufw allow 1/tcp; ufw allow 2/tcp; ufw --force enable'

const CASES: [title: string, init: string, given: Given, description: RegExp | undefined, state: RegExp[]][] = [
  [
    'rule',
    ':',
    SSH,
    /^add rule allow from any to any port 22 proto tcp$/,
    [tuple('allow tcp 22 0.* in'), tuple('allow tcp 22 ::.*')],
  ],
  ['rule exists', HAS_SSH, SSH, undefined, []],
  ['rule of one family', `${HAS_SSH}; : >/etc/ufw/user6.rules`, SSH, /^add rule/, [tuple('allow tcp 22 ::.*')]],
  ['other action', HAS_SSH, { ...SSH, rule: 'deny' }, /^add rule deny/, [tuple('deny tcp 22 0.* in')]],
  ['comment', HAS_SSH, { ...SSH, comment: 'two "words"' }, /comment 'two "words"'$/, [/comment=[0-9a-f]+/]],
  ['delete', HAS_SSH, { ...SSH, delete: true }, /^delete rule allow/, []],
  ['delete nothing', HAS_SSH, { ...SSH, to_port: 23, delete: true }, undefined, [tuple('allow tcp 22 0.* in')]],
  ['profile', ':', { rule: 'limit', name: 'Web' }, /app Web$/, [tuple('limit tcp 80,443 .* Web - in')]],
  [
    'routed',
    ':',
    { rule: 'allow', route: true, interface_in: 'eth0', interface_out: 'eth1', from_ip: '10.0.0.0/8', log: true },
    /^add rule route allow in on eth0 out on eth1 log from 10.0.0.0\/8/,
    [tuple('route:allow_log .* in_eth0!out_eth1')],
  ],
  ['interface', ':', { ...SSH, interface: 'eth0', direction: 'out', from_port: '1:9' }, /out on eth0/, [/out_eth0/]],
  [
    'IPv6',
    HAS_SSH,
    { ...SSH, from_ip: '2001:db8::/32' },
    /^add rule/,
    [tuple('allow tcp 22 ::/0 any 2001:db8::/32 in')],
  ],
  ['insert', HAS_SSH, { ...SSH, to_port: 9, insert: 1 }, /^add rule/, [/tcp 9 0[^]*tcp 22 0/]],
  [
    'insert before the last of IPv4',
    HAS_FOUR,
    { rule: 'deny', from_ip: '10.0.0.1', insert: 0, insert_relative_to: 'last-ipv4' },
    /^add rule/,
    [/tcp 1 0[^]*10\.0\.0\.1[^]*tcp 2 0/],
  ],
  [
    'insert before the first of IPv6',
    HAS_FOUR,
    { rule: 'deny', from_ip: '2001:db8::1', insert: 0, insert_relative_to: 'first-ipv6' },
    /^add rule/,
    [/2001:db8::1[^]*tcp 1 ::/],
  ],
  [
    'policy',
    ':',
    { default: 'reject' },
    /^set default policy reject incoming \(was deny\)$/,
    [/INPUT_POLICY="REJECT"/],
  ],
  ['policy of outgoing', ':', { default: 'deny', direction: 'outgoing' }, /deny outgoing/, [/OUTPUT_POLICY="DROP"/]],
  ['policy is set', 'ufw default deny routed', { default: 'deny', direction: 'routed' }, undefined, []],
  ['logging', HAS_FOUR, { logging: 'high' }, /^set logging high \(was low\)$/, [/Logging: on \(high\)/]],
  ['logging is on', ':', { logging: 'on' }, undefined, []],
  ['logging off', HAS_FOUR, { logging: 'off' }, /^set logging off/, [/Logging: off/]],
  ['enable', HAS_SSH, { state: 'enabled', default: 'allow' }, /^set default/, [/Status: active/, /allow \(incoming\)/]],
  ['enabled', HAS_FOUR, { state: 'enabled' }, undefined, [/Status: active/]],
  ['disable', HAS_FOUR, { state: 'disabled' }, /^disable ufw$/, [/Status: inactive/]],
  ['disabled', ':', { state: 'disabled' }, undefined, [/Status: inactive/]],
]

// Each case in one of the shells.
CASES.forEach(([title, init, given, description, expected], place) => {
  const shell = shells[place % shells.length] as Shell
  t.test(`${shell.name}: ufw: ${title}`, async (t) => {
    const { before, after, state } = story(shell, init, given)
    t.equal(before.problem, undefined, 'no problem')
    if (description === undefined) t.same(descriptions(before), [], 'no change')
    else t.match(descriptions(before)[0], description, 'the change')
    t.equal(after.problem, undefined, 'no problem afterwards')
    t.same(descriptions(after), [], 'a second run changes nothing')
    for (const each of expected) t.match(state, each, 'the state of ufw')
    if (given.delete === true && description !== undefined) t.notMatch(state, '### tuple')
  })
})

t.test('ufw returns its commands, and the rules as a diff', async (t) => {
  const [shell] = shells
  const { before } = story(shell, HAS_SSH, { ...SSH, to_port: 80 })
  t.same(before.values, { commands: ['ufw allow from any to any port 80 proto tcp'] })
  const [ssh, web] = ['allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in', 'allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in']
  const [ssh6, web6] = [ssh, web].map((text) => text.replaceAll('0.0.0.0/0', '::/0'))
  t.same(before.changes[0]?.diff, {
    subject: 'ufw',
    before: [ssh, ssh6, ''].join('\n'),
    after: [ssh, web, ssh6, web6, ''].join('\n'),
  })
})

t.test('ufw says what is wrong', async (t) => {
  const [shell] = shells
  const problem = (given: Given): string | undefined => story(shell, ':', given).before.problem
  t.match(problem({ rule: 'allow', to_port: '1:9' }), /^ufw: Must specify 'tcp' or 'udp'/)
  t.match(problem({ rule: 'allow', name: 'None' }), "ufw: Could not find a profile matching 'None'")
  t.match(problem({ ...SSH, insert: 9 }), "ufw: Invalid position '9'")
  const missing = runIn(shell, `PATH=/nowhere; ${definition.probe(parse(SSH), {}).replaceAll('sed', '/usr/bin/sed')}`)
  t.match(definition.plan(parse(SSH), missing, {}, {}).problem, 'install the package ufw')
  const refusal = (given: object): string =>
    definition.schema
      .safeParse(given)
      .error?.issues.map(({ message }) => message)
      .join('; ') ?? ''
  t.match(refusal({}), 'set state, default, rule or logging')
  t.match(refusal({ state: 'reset' }), 'ufw --force reset')
  t.match(refusal({ rule: 'allow', port: 22 }), '"port" is not supported: write to_port')
  t.match(refusal({ rule: 'allow', name: 'A', proto: 'tcp' }), 'set only one of name, proto and logging')
  t.match(refusal({ rule: 'allow', interface: 'eth0' }), 'interface needs direction')
  t.match(refusal({ rule: 'allow', direction: 'in', interface_in: 'eth0' }), 'direction is for interface')
  t.match(refusal({ rule: 'allow', direction: 'incoming' }), 'direction of a rule must be in or out')
  t.match(refusal({ default: 'deny', direction: 'in' }), 'must be incoming, outgoing or routed')
  t.match(refusal({ rule: 'allow', interface_in: 'a', interface_out: 'b' }), 'only a rule with route: true')
  t.match(refusal({ rule: 'allow', comment: "it's" }), 'no single quote')
})

const ruleCases = fc
  .record({
    rule: fc.constantFrom('allow', 'deny', 'limit'),
    to_port: fc.constantFrom(81, '82', '83:85'),
    proto: fc.constantFrom('tcp', 'udp'),
    from_ip: fc.constantFrom('any', '10.0.0.0/8', '2001:db8::/32'),
    comment: fc.constantFrom(undefined, 'a $b "c"'),
    delete: fc.boolean(),
    insert: fc.constantFrom(undefined, 0, -1),
    insert_relative_to: fc.constantFrom('first-ipv4', 'last-ipv4', 'first-ipv6', 'last-ipv6'),
  })
  .map(({ comment, insert, ...more }) => ({
    ...more,
    ...(comment === undefined ? {} : { comment }),
    ...(insert === undefined ? {} : { insert }),
  })) as fc.Arbitrary<Given>

const START = [':', 'ufw allow 81/tcp', 'ufw deny from 10.0.0.0/8 to any port 82 proto udp; ufw limit 81/tcp']

t.test('ufw: random rules: what is planned is what ufw does', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...START), ruleCases, fc.constantFrom(...shells), async (init, given, shell) => {
      const { before, after, state } = story(shell, init, given)
      if (before.problem !== undefined) return
      t.same([after.problem, descriptions(after)], [undefined, []], JSON.stringify([init, given]))
      const planned = before.changes[0]?.diff?.after.trim().split('\n') ?? []
      for (const rule of planned) t.match(state, `### tuple ### ${rule}`, JSON.stringify([init, given]))
    }),
    { numRuns: runs(3), ...sameCases },
  )
})
