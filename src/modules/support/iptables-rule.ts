import * as z from 'zod'

const text = z.string().regex(/^[^\n]+$/, { error: 'must be one line' })
const optional = text.optional()
const port = z.union([text, z.int().transform(String)]).optional()
const texts = z.union([text.transform((all) => all.split(',')), z.array(text)]).default([])

/** Parameters of `iptables` that make the rule. With `!` in front, a value is negated. */
export const ruleParams = {
  protocol: optional,
  /** Address, network or name. */
  source: optional,
  destination: optional,
  tcp_flags: z.strictObject({ flags: z.array(text), flags_set: z.array(text) }).optional(),
  /** Extensions to load, for the parameters that need them. */
  match: texts,
  /** Target: `ACCEPT`, `DROP`, `LOG`, or a chain. */
  jump: optional,
  /** For `jump: TEE`. */
  gateway: optional,
  log_prefix: optional,
  log_level: z
    .enum([
      ...(['0', '1', '2', '3', '4', '5', '6', '7'] as const),
      ...(['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'] as const),
    ])
    .optional(),
  goto: optional,
  in_interface: optional,
  out_interface: optional,
  fragment: optional,
  set_counters: optional,
  /** Port or range, `8000:8100`. Needs `protocol`. */
  source_port: port,
  destination_port: port,
  /** Several ports. Needs `protocol`. */
  destination_ports: z.union([text.transform((all) => all.split(',')), z.array(z.union([text, z.int()]))]).default([]),
  to_ports: port,
  to_destination: optional,
  to_source: optional,
  /** Whether the SYN flag is set and ACK is not. */
  syn: z.enum(['ignore', 'match', 'negate']).default('ignore'),
  set_dscp_mark: optional,
  set_dscp_mark_class: optional,
  /** Makes the rule recognizable. */
  comment: optional,
  /** Connection states: `ESTABLISHED`, `RELATED`. */
  ctstate: texts,
  src_range: optional,
  dst_range: optional,
  match_set: optional,
  match_set_flags: z.enum(['src', 'dst', 'src,dst', 'dst,src', 'dst,dst', 'src,src']).optional(),
  limit: optional,
  limit_burst: z.union([text, z.int().transform(String)]).optional(),
  uid_owner: optional,
  gid_owner: optional,
  reject_with: optional,
  icmp_type: z.union([text, z.int().transform(String)]).optional(),
}

const shape = z.strictObject(ruleParams)
export type RuleParams = z.output<typeof shape>

const option = (flag: string, value: string | undefined): string[] =>
  value === undefined ? [] : value.startsWith('!') ? ['!', flag, value.slice(1).trimStart()] : [flag, value]

const list = (flag: string, values: readonly (string | number)[]): string[] =>
  values.length === 0 ? [] : [flag, values.join(',')]

/** Loads an extension for options, unless `match` names it. */
const extension = (loaded: readonly string[], name: string, options: readonly string[]): string[] =>
  options.length === 0 ? [] : [...(loaded.includes(name) ? [] : ['-m', name]), ...options]

/** The words of the rule, in the order of Ansible's module. */
export function ruleWords(given: RuleParams, family: 'ipv4' | 'ipv6'): string[] {
  const { match, ctstate, tcp_flags, destination_ports, syn } = given
  const isLog = given.log_prefix !== undefined || given.log_level !== undefined
  const isDscp = given.set_dscp_mark !== undefined || given.set_dscp_mark_class !== undefined
  const jump = given.jump ?? (isLog ? 'LOG' : given.reject_with !== undefined ? 'REJECT' : isDscp ? 'DSCP' : undefined)
  const states = match.includes('state') && !match.includes('conntrack')
  return [
    ...option('-p', given.protocol),
    ...option('-s', given.source),
    ...option('-d', given.destination),
    ...match.flatMap((name) => option('-m', name)),
    ...(tcp_flags === undefined ? [] : ['--tcp-flags', tcp_flags.flags.join(','), tcp_flags.flags_set.join(',')]),
    ...option('-j', jump),
    ...(jump?.toLowerCase() === 'tee' ? option('--gateway', given.gateway) : []),
    ...option('--log-prefix', given.log_prefix),
    ...option('--log-level', given.log_level),
    ...option('--to-destination', given.to_destination),
    ...extension([], 'multiport', list('--dports', destination_ports)),
    ...option('--to-source', given.to_source),
    ...option('-g', given.goto),
    ...option('-i', given.in_interface),
    ...option('-o', given.out_interface),
    ...option('-f', given.fragment),
    ...option('-c', given.set_counters),
    ...option('--source-port', given.source_port),
    ...option('--destination-port', given.destination_port),
    ...option('--to-ports', given.to_ports),
    ...option('--set-dscp', given.set_dscp_mark),
    ...option('--set-dscp-class', given.set_dscp_mark_class),
    ...(syn === 'match' ? ['--syn'] : syn === 'negate' ? ['!', '--syn'] : []),
    ...(states ? list('--state', ctstate) : extension(match, 'conntrack', list('--ctstate', ctstate))),
    ...extension(match, 'iprange', [
      ...option('--src-range', given.src_range),
      ...option('--dst-range', given.dst_range),
    ]),
    ...extension(match, 'set', [
      ...option('--match-set', given.match_set),
      ...(given.match_set_flags === undefined ? [] : [given.match_set_flags]),
    ]),
    ...extension([], 'limit', [...option('--limit', given.limit), ...option('--limit-burst', given.limit_burst)]),
    ...extension([], 'owner', option('--uid-owner', given.uid_owner)),
    ...extension([], 'owner', option('--gid-owner', given.gid_owner)),
    ...option('--reject-with', given.reject_with),
    ...option(family === 'ipv4' ? '--icmp-type' : '--icmpv6-type', given.icmp_type),
    ...extension([], 'comment', option('--comment', given.comment)),
  ]
}
