import * as z from 'zod'
import { quote, sh } from '../../shell/quote.ts'
import type { Change, Plan } from '../module.ts'
import { ruleParams, ruleWords } from '../support/iptables-rule.ts'
import { lastLine } from '../support/text.ts'
import { separateOutputs, severalProbes } from '../support/several-probes.ts'
import { defineModule } from '../task.ts'

const schema = z
  .strictObject({
    table: z.enum(['filter', 'nat', 'mangle', 'raw', 'security']).default('filter'),
    state: z.enum(['present', 'absent']).default('present'),
    /** Where a new rule goes: at the end, or at the start or `rule_num`. A rule that exists stays where it is. */
    action: z.enum(['append', 'insert']).default('append'),
    rule_num: z.union([z.string().regex(/^\d+$/), z.int().min(1).transform(String)]).optional(),
    ip_version: z.enum(['ipv4', 'ipv6', 'both']).default('ipv4'),
    /** Required, unless `flush` is set. */
    chain: z
      .string()
      .regex(/^[^\s-]\S*$/, 'must be the name of a chain')
      .optional(),
    ...ruleParams,
    /** Remove all rules of the chain, or of the table. */
    flush: z.boolean().default(false),
    /** What happens to packets that no rule of a built-in chain matches. */
    policy: z.enum(['ACCEPT', 'DROP', 'QUEUE', 'RETURN']).optional(),
    /** Seconds to wait for the lock of other programs. */
    wait: z.union([z.string().regex(/^\d+$/), z.int().transform(String)]).optional(),
    /** Without a rule: create or remove the chain. */
    chain_management: z.boolean().default(false),
    /** Has no effect: names are never looked up. */
    numeric: z.boolean().default(false),
  })
  .refine(({ flush, policy }) => !flush || policy === undefined, { error: 'set either flush or policy' })
  .refine(({ flush, chain }) => flush || chain !== undefined, { error: 'chain is required', path: ['chain'] })
  .refine(({ set_dscp_mark, set_dscp_mark_class: name }) => set_dscp_mark === undefined || name === undefined, {
    error: 'set either set_dscp_mark or set_dscp_mark_class',
  })
  .refine(({ jump, gateway }) => jump?.toLowerCase() !== 'tee' || gateway !== undefined, {
    error: 'jump: TEE needs gateway',
  })
  .refine(({ jump, log_prefix, log_level }) => (log_prefix ?? log_level) === undefined || (jump ?? 'LOG') === 'LOG', {
    error: 'log_prefix and log_level are for jump: LOG',
  })

type Params = z.output<typeof schema>
type Family = 'ipv4' | 'ipv6'

/** What Ansible returns. */
export interface IptablesValues {
  readonly table: string
  readonly chain: string | null
  readonly ip_version: string
  readonly state: string
  readonly flush: boolean
  /** The rule as words of iptables. */
  readonly rule: string
}

const families = ({ ip_version }: Params): Family[] => (ip_version === 'both' ? ['ipv4', 'ipv6'] : [ip_version])
const program = (family: Family): string => (family === 'ipv4' ? 'iptables' : 'ip6tables')

/** A command of iptables. */
function command(params: Params, family: Family, action: string, ...words: readonly string[]): string {
  const { table, chain, wait } = params
  const waiting = wait === undefined ? [] : ['-w', wait]
  return sh`${program(family)} -t ${table} ${action} ${chain === undefined ? [] : [chain]} ${words} ${waiting}`
}

/**
 * Manages rules of iptables, one a task. They last until the next boot: save them with the package
 * iptables-persistent. On hosts where ufw or nftables manages the packet filter, use that.
 */
export const iptables = defineModule<typeof schema, IptablesValues>({
  name: 'iptables',
  schema,
  title: (params) =>
    [params.table, params.chain ?? '', params.policy ?? ruleWords(params, 'ipv4').join(' ')].filter(Boolean).join(' '),
  reads: ({ table }) => [`iptables:${table}`, 'package:iptables'],
  sets: ({ table }) => [`iptables:${table}`],
  probe: (params) =>
    severalProbes(
      families(params).flatMap((family) => {
        const words = ruleWords(params, family)
        return [
          `command -v ${program(family)} >/dev/null || exit 127; LC_ALL=C ${command(params, family, '-S')} 2>&1`,
          words.length === 0 || params.flush || params.policy !== undefined
            ? ':'
            : `LC_ALL=C ${command(params, family, '-C', ...words)} 2>&1`,
        ]
      }),
    ),
  plan(params, observed): Plan<IptablesValues> {
    const outputs = separateOutputs(observed)
    if (typeof outputs === 'string') return { changes: [], problem: outputs }
    const values: IptablesValues = {
      table: params.table,
      chain: params.chain ?? null,
      ip_version: params.ip_version,
      state: params.state,
      flush: params.flush,
      rule: ruleWords(params, 'ipv4').join(' '),
    }
    const changes: Change[] = []
    for (const [place, family] of families(params).entries()) {
      const [listing, check] = [0, 1].map((which) => outputs.get(String(place * 2 + which)))
      if (listing === undefined || check === undefined) return { changes: [], problem: 'iptables failed' }
      if (listing.exitCode === 127)
        return { changes: [], problem: `${program(family)} not found on this host: install the package iptables` }
      const planned = changeOf(params, family, listing, check)
      if (typeof planned === 'string') return { changes: [], problem: planned }
      changes.push(...planned)
    }
    return { changes, values }
  },
})

interface Output {
  readonly stdout: string
  readonly exitCode: number
}

/** The change of one family, or an error message. */
function changeOf(params: Params, family: Family, listing: Output, check: Output): Change[] | string {
  const { table, chain = '', state, action, rule_num, flush, policy, chain_management } = params
  const words = ruleWords(params, family)
  const where = `${family === 'ipv6' ? 'IPv6 ' : ''}${table}${chain === '' ? '' : ` ${chain}`}`
  const hasChain = listing.exitCode === 0
  if (!hasChain && !/No chain|does not exist|incompatible/.test(listing.stdout))
    return `${program(family)}: ${lastLine(listing.stdout)}`
  const lines = listing.stdout.split('\n')
  const change = (description: string, act: string, ...more: readonly string[]): Change[] => [
    { description: `${description} ${where}`, script: `${command(params, family, act, ...more)} || exit` },
  ]
  const noChain = `chain ${chain} does not exist in table ${table}`
  if (flush) return lines.some((line) => line.startsWith('-A ')) ? change('flush', '-F') : hasChain ? [] : noChain
  if (policy !== undefined) {
    const current = lines.map((line) => /^-P \S+ (\S+)/.exec(line)?.[1]).find((found) => found !== undefined)
    if (current === undefined) return hasChain ? `chain ${chain} is not built in: it has no policy` : noChain
    return current === policy ? [] : change(`set policy ${policy} (was ${current}) of`, '-P', policy)
  }
  if (words.length === 0) {
    if (hasChain === (state === 'present')) return []
    if (!chain_management)
      return `${state === 'present' ? noChain : `chain ${chain} exists in table ${table}`}: set chain_management: true, or name a rule`
    return state === 'present' ? change('create chain', '-N') : change('remove chain', '-X')
  }
  if (!hasChain) return state === 'absent' ? [] : `${noChain}: create it with chain_management: true`
  // As in Ansible, a rule is absent if its target or set does not exist.
  if (state === 'absent' && /Chain '.*' does not exist|Couldn't load target|Set .* doesn't exist/.test(check.stdout))
    return []
  // 1: no such rule. Another code: iptables does not understand it.
  if (check.exitCode > 1) return `${program(family)}: ${lastLine(check.stdout.replace(/\nTry .*$/s, ''))}`
  if ((check.exitCode === 0) === (state === 'present')) return []
  const text = words.map(quote).join(' ')
  if (state === 'absent') {
    // There may be several that are equal: each `-D` removes one.
    const [check, remove] = ['-C', '-D'].map((act) => command(params, family, act, ...words))
    const script = `while ${check} 2>/dev/null; do ${remove} || exit; done`
    return [{ description: `remove rule ${text} of ${where}`, script }]
  }
  if (action === 'append') return change(`append rule ${text} to`, '-A', ...words)
  return change(`insert rule ${text} into`, '-I', ...(rule_num === undefined ? [] : [rule_num]), ...words)
}
