import * as z from 'zod'
import { sh } from '../../shell/quote.ts'
import type { Change, Plan } from '../module.ts'
import type { Observed } from '../script-output.ts'
import { contentOf, setContent } from '../support/effects.ts'
import { refusing } from '../support/refusing.ts'
import { separateOutputs, severalProbes } from '../support/several-probes.ts'
import { lastLine } from '../support/text.ts'
import { defineModule } from '../task.ts'

const alias = (name: string): string => `write ${name}`

const word = z.string().regex(/^[^\s'"-][^\s'"]*$/, 'must be one word')
const port = z.union([z.string().regex(/^[\w:,-]+$/, 'must be ports, such as 22, 80,443 or 8000:8100'), z.int()])

const schema = z
  .strictObject(
    {
      /** Enable or disable the firewall, now and at boot. */
      state: z
        .enum(['enabled', 'disabled'], {
          error: 'must be enabled or disabled; to reload or reset, use a command: ufw reload, ufw --force reset',
        })
        .optional(),
      /** Policy for traffic that no rule matches; of incoming traffic, unless `direction` is set. */
      default: z.enum(['allow', 'deny', 'reject']).optional(),
      logging: z.enum(['on', 'off', 'low', 'medium', 'high', 'full']).optional(),
      /** `in` or `out` of a rule; `incoming`, `outgoing` or `routed` of `default`. */
      direction: z.enum(['in', 'out', 'incoming', 'outgoing', 'routed']).optional(),
      rule: z.enum(['allow', 'deny', 'limit', 'reject']).optional(),
      /** Remove the rule. */
      delete: z.boolean().default(false),
      /** A rule for forwarded packets. */
      route: z.boolean().default(false),
      /** Number of a new rule. A rule that exists stays where it is. */
      insert: z.int().optional(),
      /** What `insert` is relative to. If there are not so many rules, the rule is appended. */
      insert_relative_to: z.enum(['zero', 'first-ipv4', 'last-ipv4', 'first-ipv6', 'last-ipv6']).default('zero'),
      interface: word.optional(),
      interface_in: word.optional(),
      interface_out: word.optional(),
      /** Log new connections that match. */
      log: z.boolean().default(false),
      from_ip: word.default('any'),
      from_port: port.optional(),
      to_ip: word.default('any'),
      to_port: port.optional(),
      proto: z.enum(['any', 'tcp', 'udp', 'ipv6', 'esp', 'ah', 'gre', 'igmp', 'vrrp']).optional(),
      /** Profile in /etc/ufw/applications.d. */
      name: z
        .string()
        .regex(/^[^'"\n-][^'"\n]*$/, 'must be the name of a profile')
        .optional(),
      comment: z
        .string()
        .regex(/^[^'\n]*$/, 'ufw allows no single quote in a comment')
        .optional(),
    },
    {
      error: refusing({
        policy: alias('default'),
        if: alias('interface'),
        if_in: alias('interface_in'),
        if_out: alias('interface_out'),
        from: alias('from_ip'),
        src: alias('from_ip'),
        dest: alias('to_ip'),
        to: alias('to_ip'),
        port: alias('to_port'),
        protocol: alias('proto'),
        app: alias('name'),
      }),
    },
  )
  .refine(
    ({ state, default: policy, rule, logging }) => [state, policy, rule, logging].some((it) => it !== undefined),
    {
      error: 'set state, default, rule or logging',
    },
  )
  .refine(({ name, proto, logging }) => [name, proto, logging].filter((it) => it !== undefined).length < 2, {
    error: 'set only one of name, proto and logging',
  })
  .refine((it) => it.direction === undefined || (it.interface_in ?? it.interface_out) === undefined, {
    error: 'direction is for interface: interface_in and interface_out have theirs',
  })
  .refine((it) => it.interface === undefined || it.direction !== undefined, { error: 'interface needs direction' })
  .refine((it) => it.rule === undefined || !['incoming', 'outgoing', 'routed'].includes(it.direction ?? ''), {
    error: 'direction of a rule must be in or out',
  })
  .refine((it) => it.default === undefined || !['in', 'out'].includes(it.direction ?? ''), {
    error: 'direction of default must be incoming, outgoing or routed',
  })
  .refine((it) => it.route || it.interface_in === undefined || it.interface_out === undefined, {
    error: 'only a rule with route: true has both interface_in and interface_out',
  })

type Params = z.output<typeof schema>

/** What Ansible returns. */
export interface UfwValues {
  /** The commands that change something. */
  readonly commands: readonly string[]
}

const RULES = ['/etc/ufw/user.rules', '/etc/ufw/user6.rules']
const [SETTINGS, DEFAULTS] = ['/etc/ufw/ufw.conf', '/etc/default/ufw']

/** A command that adds or deletes the rule; `insert` is shell text for its place. */
function ruleCommand(params: Params, insert: string, ...options: readonly string[]): string {
  const { route, rule, direction, interface: on, interface_in, interface_out, log, name, proto, comment } = params
  const optional = (words: readonly string[], value: string | number | undefined): readonly string[] =>
    value === undefined ? [] : [...words, String(value)]
  const before = [...options, ...(route ? ['route'] : []), ...(params.delete ? ['delete'] : [])]
  const after = [
    String(rule),
    ...optional([], direction),
    ...optional(['on'], on),
    ...optional(['in', 'on'], interface_in),
    ...optional(['out', 'on'], interface_out),
    ...(log ? ['log'] : []),
    ...['from', params.from_ip],
    ...optional(['port'], params.from_port),
    ...['to', params.to_ip],
    ...optional(['port'], params.to_port),
    ...optional(['proto'], proto),
    ...optional(['app'], name),
    ...optional(['comment'], comment === '' ? undefined : comment),
  ]
  return ['ufw', sh`${before}`, insert, sh`${after}`].filter(Boolean).join(' ')
}

/** Shell text that sets `lb_at` to the words for the place of a new rule: ufw numbers those of IPv4 first. */
function placeScript({ insert, insert_relative_to: relative, delete: isDelete }: Params): string {
  if (insert === undefined || isDelete) return 'lb_at='
  if (relative === 'zero') return `lb_at='insert ${insert}'`
  const start = {
    'first-ipv4': '1',
    'last-ipv4': '(lb_v4 > 0 ? lb_v4 : 1)',
    'first-ipv6': '(lb_v4 + 1)',
    'last-ipv6': '(lb_all > lb_v4 ? lb_all : lb_all + 1)',
  }[relative]
  return [
    `lb_all=$(LC_ALL=C ufw status numbered | grep -c '^\\[ *[0-9]') || :`,
    `lb_v4=$(LC_ALL=C ufw status numbered | grep '^\\[ *[0-9]' | grep -v -c '(v6)') || :`,
    `lb_n=$((${insert} + ${start})); lb_at=; [ "$lb_n" -gt "$lb_all" ] || lb_at="insert $lb_n"`,
  ].join('\n')
}

/**
 * Manages the firewall ufw: whether it is enabled, its default policies, logging and one rule. Allow SSH before you
 * enable it.
 */
export const ufw = defineModule<typeof schema, UfwValues>({
  name: 'ufw',
  schema,
  title: (params) =>
    [
      params.rule === undefined ? '' : ruleCommand(params, '').replace(/^ufw /, ''),
      params.default === undefined ? '' : `default ${params.default} ${params.direction ?? 'incoming'}`,
      params.logging === undefined ? '' : `logging ${params.logging}`,
      params.state ?? '',
    ]
      .filter(Boolean)
      .join(', '),
  reads: () => ['ufw', 'package:ufw', ...[SETTINGS, DEFAULTS, ...RULES, '/etc/ufw/applications.d'].flatMap(contentOf)],
  sets: () => ['ufw', 'iptables:filter', ...[SETTINGS, DEFAULTS, ...RULES].flatMap(setContent)],
  probe: (params) =>
    severalProbes([
      'command -v ufw >/dev/null || exit 127; LC_ALL=C ufw status 2>&1',
      `cat ${SETTINGS} ${DEFAULTS} 2>/dev/null || :`,
      ...(params.rule === undefined
        ? []
        : [
            ...RULES.map((file) => `grep '^### tuple' ${file} 2>/dev/null || :`),
            `${placeScript(params)}\necho "$lb_at"`,
            `${placeScript(params)}\nLC_ALL=C ${ruleCommand(params, '$lb_at', '--dry-run')} 2>&1`,
          ]),
    ]),
  plan(params, observed): Plan<UfwValues> {
    const outputs = separateOutputs(observed)
    if (typeof outputs === 'string') return { changes: [], problem: outputs }
    const [status, settings, ...ofRule] = Array.from({ length: 6 }, (_, place) => outputs.get(String(place)))
    if (status === undefined || settings === undefined) return { changes: [], problem: 'ufw failed' }
    if (status.exitCode === 127) return { changes: [], problem: 'ufw not found on this host: install the package ufw' }
    if (status.exitCode !== 0) return { changes: [], problem: `ufw: ${lastLine(status.stdout)}` }
    const rule = params.rule === undefined ? [] : ruleChanges(params, ofRule)
    if (typeof rule === 'string') return { changes: [], problem: rule }
    const changes = [
      ...policyChanges(params, settings.stdout),
      ...loggingChanges(params, settings.stdout),
      ...rule,
      // Last, so that a rule for SSH exists when it blocks.
      ...stateChanges(params, settings.stdout, /^Status: active/m.test(status.stdout)),
    ]
    return { changes, values: { commands: changes.map(({ script }) => script.replace(/ >.*$/s, '')) } }
  },
})

/** A setting of ufw, as it reads its files. */
const settingOf = (text: string, name: string): string | undefined =>
  [...text.matchAll(new RegExp(`^${name}=["']?([^"'\\s]*)`, 'gim'))].at(-1)?.[1]?.toLowerCase()

/** @param text - the state before and after, for the diff. */
function change(
  description: string,
  command: string,
  text: { readonly before: string; readonly after: string },
): Change {
  const diff = { subject: 'ufw', before: `${text.before}\n`, after: `${text.after}\n` }
  return { description, script: `${command} >/dev/null || exit`, diff }
}

function stateChanges({ state }: Params, settings: string, isActive: boolean): Change[] {
  if (state === undefined) return []
  const isEnabled = settingOf(settings, 'ENABLED') === 'yes'
  const wanted = state === 'enabled'
  if (isActive === wanted && isEnabled === wanted) return []
  const before = `${isActive ? 'active' : 'inactive'}, ${isEnabled ? 'enabled' : 'disabled'} at boot`
  const after = wanted ? 'active, enabled at boot' : 'inactive, disabled at boot'
  return [
    change(wanted ? 'enable ufw' : 'disable ufw', `ufw --force ${wanted ? 'enable' : 'disable'}`, { before, after }),
  ]
}

const POLICIES = {
  incoming: 'DEFAULT_INPUT_POLICY',
  outgoing: 'DEFAULT_OUTPUT_POLICY',
  routed: 'DEFAULT_FORWARD_POLICY',
}
const TARGETS: Readonly<Record<string, string>> = { accept: 'allow', drop: 'deny', reject: 'reject' }

function policyChanges({ default: policy, direction }: Params, settings: string): Change[] {
  if (policy === undefined) return []
  const which = (direction ?? 'incoming') as keyof typeof POLICIES
  const current = TARGETS[settingOf(settings, POLICIES[which]) ?? ''] ?? 'unknown'
  if (current === policy) return []
  const text = { before: `${current} ${which}`, after: `${policy} ${which}` }
  return [change(`set default policy ${text.after} (was ${current})`, `ufw default ${policy} ${which}`, text)]
}

function loggingChanges({ logging }: Params, settings: string): Change[] {
  const current = settingOf(settings, 'LOGLEVEL') ?? 'off'
  if (logging === undefined || logging === current || (logging === 'on' && current !== 'off')) return []
  return [
    change(`set logging ${logging} (was ${current})`, `ufw logging ${logging}`, {
      before: `logging ${current}`,
      after: `logging ${logging}`,
    }),
  ]
}

/** The change of the rule, or an error message. ufw itself says which rules there would be, by family. */
function ruleChanges(
  params: Params,
  [rules, rules6, place, dryRun]: readonly (Observed | undefined)[],
): Change[] | string {
  if (rules === undefined || rules6 === undefined || place === undefined || dryRun === undefined) return 'ufw failed'
  if (dryRun.exitCode !== 0) return `ufw: ${lastLine(dryRun.stdout).replace(/^ERROR: /, '')}`
  const current = { ipv4: tuplesOf(rules.stdout), ipv6: tuplesOf(rules6.stdout) }
  // It prints the whole file of each family that it would write.
  const tables = dryRun.stdout.split(/^\*filter$/m).slice(1)
  const changed = tables
    .map((text) => ({
      tuples: tuplesOf(text),
      family: text.includes(':ufw6-') ? ('ipv6' as const) : ('ipv4' as const),
    }))
    .filter(({ tuples, family }) => tuples.join('\n') !== current[family].join('\n'))
  if (changed.length === 0) return []
  const command = ruleCommand(params, place.stdout.trim())
  return [
    change(
      `${params.delete ? 'delete' : 'add'} rule ${ruleCommand({ ...params, delete: false }, '').slice(4)}`,
      command,
      {
        before: changed.flatMap(({ family }) => current[family]).join('\n'),
        after: changed.flatMap(({ tuples }) => tuples).join('\n'),
      },
    ),
  ]
}

const tuplesOf = (text: string): string[] =>
  text.split('\n').flatMap((line) => /^### tuple ### (.*)$/.exec(line)?.[1] ?? [])
