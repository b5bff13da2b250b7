import t from 'tap'
import type { z } from 'zod'
import { iptables } from '../../../../src/modules/core/iptables.ts'
import { runIn, shells, type Shell } from '../../../support/shells.ts'
import { descriptions } from '../each-shell.ts'

type Given = z.input<typeof iptables.definition.schema>

const parse = (given: Given) => iptables.definition.schema.parse(given)

/** Probes, plans, applies and probes again: all in one network namespace, whose rules end with it. */
function story(shell: Shell, init: string, given: Given) {
  const params = parse(given)
  const { definition } = iptables
  const inside = (script: string) =>
    runIn({ name: shell.name, argv: ['unshare', '--net', ...shell.argv] }, `${init}\n${script}`)
  const before = definition.plan(params, inside(definition.probe(params, {})), {}, {})
  const scripts = before.changes.map(({ script }) => `( ${script} ) || exit`).join('\n')
  const after = definition.plan(params, inside(`${scripts}\n${definition.probe(params, {})}`), {}, {})
  const rules = inside(`${scripts}\niptables -S; iptables -t nat -S; ip6tables -S`).stdout.split('\n')
  return { before, after, rules: rules.filter((line) => /^-(A|N)|-P .* DROP/.test(line)) }
}

const SSH = { chain: 'INPUT', protocol: 'tcp', destination_port: 22, jump: 'ACCEPT', comment: "it's ssh" }
// iptables escapes the quote.
const SSH_RULE = String.raw`-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "it\'s ssh" -j ACCEPT`
const HAS_SSH = `iptables -A INPUT -p tcp --dport 22 -m comment --comment "it's ssh" -j ACCEPT`

const CASES: [title: string, init: string, given: Given, description: RegExp | undefined, rules: string[]][] = [
  ['append', ':', SSH, /^append rule -p tcp -j ACCEPT --destination-port 22 .* to filter INPUT$/, [SSH_RULE]],
  ['exists', HAS_SSH, SSH, undefined, [SSH_RULE]],
  ['absent', HAS_SSH, { ...SSH, state: 'absent' }, /^remove rule/, []],
  ['absent, of several', `${HAS_SSH}; ${HAS_SSH}`, { ...SSH, state: 'absent' }, /^remove rule/, []],
  ['absent already', ':', { ...SSH, state: 'absent' }, undefined, []],
  ['absent with its target', ':', { chain: 'INPUT', jump: 'GONE', state: 'absent' }, undefined, []],
  [
    'insert',
    'iptables -A INPUT -j DROP; iptables -A INPUT -j LOG',
    { chain: 'INPUT', action: 'insert', rule_num: 2, ctstate: ['ESTABLISHED', 'RELATED'], jump: 'ACCEPT' },
    /^insert rule/,
    ['-A INPUT -j DROP', '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A INPUT -j LOG'],
  ],
  ['policy', ':', { chain: 'FORWARD', policy: 'DROP' }, /^set policy DROP \(was ACCEPT\)/, ['-P FORWARD DROP']],
  ['policy is set', 'iptables -P FORWARD DROP', { chain: 'FORWARD', policy: 'DROP' }, undefined, ['-P FORWARD DROP']],
  ['flush', HAS_SSH, { flush: true }, /^flush filter$/, []],
  ['flush nothing', ':', { chain: 'INPUT', flush: true }, undefined, []],
  ['new chain', ':', { chain: 'APP', chain_management: true }, /^create chain filter APP$/, ['-N APP']],
  ['chain goes', 'iptables -N APP', { chain: 'APP', state: 'absent', chain_management: true }, /^remove chain/, []],
  [
    'nat',
    ':',
    { table: 'nat', chain: 'PREROUTING', protocol: 'tcp', destination_port: '80', jump: 'REDIRECT', to_ports: '8080' },
    /^append rule/,
    ['-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080'],
  ],
  [
    'several ports, negated source, log',
    ':',
    {
      chain: 'INPUT',
      protocol: 'tcp',
      source: '!10.0.0.0/8',
      destination_ports: ['80', '443', '8000:8100'],
      log_prefix: 'in: ',
      log_level: 'info',
      limit: '2/second',
      limit_burst: 20,
      syn: 'match',
    },
    /^append rule/,
    [
      '-A INPUT ! -s 10.0.0.0/8 -p tcp -m multiport --dports 80,443,8000:8100 -m tcp --tcp-flags FIN,SYN,RST,ACK SYN ' +
        '-m limit --limit 2/sec --limit-burst 20 -j LOG --log-prefix "in: " --log-level 6',
    ],
  ],
]

// Each case in one of the shells.
CASES.forEach(([title, init, given, description, rules], place) => {
  const shell = shells[place % shells.length] as Shell
  t.test(`${shell.name}: iptables: ${title}`, async (t) => {
    const { before, after, rules: found } = story(shell, init, given)
    t.equal(before.problem, undefined, 'no problem')
    if (description === undefined) t.same(descriptions(before), [], 'no change')
    else t.match(descriptions(before)[0], description, 'the change')
    t.same(descriptions(after), [], 'a second run changes nothing')
    t.same(found, rules, 'the rules of the kernel')
  })
})

t.test('iptables changes the rules of both families', async (t) => {
  const [shell] = shells
  const both = story(shell, ':', { chain: 'INPUT', ip_version: 'both', in_interface: '!eth0', jump: 'DROP' })
  t.same(descriptions(both.before), [
    "append rule -j DROP '!' -i eth0 to filter INPUT",
    "append rule -j DROP '!' -i eth0 to IPv6 filter INPUT",
  ])
  t.same(both.rules, ['-A INPUT ! -i eth0 -j DROP', '-A INPUT ! -i eth0 -j DROP'])
})

t.test('iptables says what is wrong', async (t) => {
  const [shell] = shells
  const problem = (given: Given): string | undefined => story(shell, ':', given).before.problem
  t.match(problem({ chain: 'APP', jump: 'ACCEPT' }), 'chain APP does not exist in table filter: create it')
  t.match(problem({ chain: 'APP' }), 'set chain_management: true')
  t.match(problem({ chain: 'INPUT', state: 'absent' }), 'chain INPUT exists in table filter: set chain_management')
  t.match(problem({ chain: 'INPUT', jump: 'ACCEPT', destination_port: 22 }), /^iptables: .*destination-port/)
  const refusal = (given: object): string =>
    iptables.definition.schema
      .safeParse(given)
      .error?.issues.map(({ message }) => message)
      .join('; ') ?? ''
  t.match(refusal({}), 'chain is required')
  t.match(refusal({ chain: 'A', flush: true, policy: 'DROP' }), 'set either flush or policy')
  t.match(refusal({ chain: 'A', jump: 'TEE' }), 'jump: TEE needs gateway')
  t.match(refusal({ chain: 'A', jump: 'DROP', log_prefix: 'x' }), 'log_prefix and log_level are for jump: LOG')
})
