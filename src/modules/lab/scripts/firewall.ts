import { raw, sh } from '../../../shell/quote.ts'
import { kernelNames } from '../names.ts'

/** Scope of the rules. They also name the interface of the default route: `$uplink` in the scripts. */
export interface FirewallScope {
  readonly lab: string
  readonly subnet: string
}

interface Rule {
  readonly table: 'filter' | 'nat' | 'mangle'
  readonly chain: string
  readonly match: string
}

/** The rules in the lab's own chain, in order: allow outbound DNS and HTTP(S), and replies. */
function chainRules({ lab }: FirewallScope): string[] {
  const link = kernelNames(lab).hostLink
  const out = sh`-i ${link} -o "$uplink"`
  return [
    sh`-i ${link} -o ${link} -j ACCEPT`,
    sh`-i "$uplink" -o ${link} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
    ...['udp --dport 53', 'tcp --dport 53', 'tcp --dport 80', 'tcp --dport 443'].map(
      (what) => `${out} -p ${what} -j ACCEPT`,
    ),
    '-j REJECT',
  ]
}

/** The rules in shared chains. Each has the lab's comment. */
function outerRules({ lab, subnet }: FirewallScope): Rule[] {
  const { hostLink, chain } = kernelNames(lab)
  const clamp = '-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu'
  return [
    { table: 'filter', chain: 'FORWARD', match: sh`-i ${hostLink} -j ${chain}` },
    { table: 'filter', chain: 'FORWARD', match: sh`-o ${hostLink} -j ${chain}` },
    { table: 'nat', chain: 'POSTROUTING', match: sh`-s ${subnet} -o "$uplink" -j MASQUERADE` },
    // The uplink's MTU may be smaller, and path MTU discovery is not reliable.
    { table: 'mangle', chain: 'FORWARD', match: sh`-i ${hostLink} ${clamp.split(' ')}` },
    { table: 'mangle', chain: 'FORWARD', match: sh`-o ${hostLink} ${clamp.split(' ')}` },
  ]
}

const comment = (lab: string): string => sh`-m comment --comment ${kernelNames(lab).comment}`

/** Succeeds if every rule exists, and no other rule is in the lab's chain. */
export function checkFirewall(gate: FirewallScope): string {
  const { chain } = kernelNames(gate.lab)
  const inner = chainRules(gate)
  const outer = outerRules(gate)
  return [
    ...inner.map((rule) => sh`iptables -w 10 -C ${chain} ` + rule),
    sh`[ "$(iptables -w 10 -S ${chain} | grep -c '^-A')" = ${inner.length} ]`,
    ...outer.map((rule) => `iptables -w 10 -t ${rule.table} -C ${rule.chain} ${rule.match} ${comment(gate.lab)}`),
    `[ "$(${listOuter(gate.lab)} | grep -c .)" = ${String(outer.length)} ]`,
  ].join(' &&\n')
}

/** Replaces all rules of the lab. */
export function applyFirewall(gate: FirewallScope): string {
  const { chain } = kernelNames(gate.lab)
  return [
    removeFirewall(gate.lab),
    sh`iptables -w 10 -N ${chain} || exit`,
    ...chainRules(gate).map((rule) => sh`iptables -w 10 -A ${chain} ` + `${rule} || exit`),
    // At the top: a Docker daemon on this machine sets the policy to DROP.
    ...outerRules(gate).map(
      (rule) => `iptables -w 10 -t ${rule.table} -I ${rule.chain} ${rule.match} ${comment(gate.lab)} || exit`,
    ),
  ].join('\n')
}

/** Removes every rule of the lab, and its chain. */
export function removeFirewall(lab: string): string {
  const { chain, comment: mark } = kernelNames(lab)
  return sh`
for table in filter nat mangle; do
  iptables -w 10 -t "$table" -S | grep -E -e ${`--comment "?${mark}"? `} | sed 's/^-A/-D/' | while read -r rule; do
    eval "iptables -w 10 -t $table $rule" || exit
  done || exit
done
if iptables -w 10 -S ${chain} >/dev/null 2>&1; then
  iptables -w 10 -F ${chain} && iptables -w 10 -X ${chain} || exit
fi`
}

/** Prints every rule of the lab, in all chains. */
export const listFirewall = (lab: string): string =>
  sh`{ ${raw(listOuter(lab))}; iptables -w 10 -S ${kernelNames(lab).chain}; } 2>/dev/null`

const listOuter = (lab: string): string =>
  sh`for table in filter nat mangle; do iptables -w 10 -t "$table" -S; done | grep -E -e ${`--comment "?${kernelNames(lab).comment}"? `}`
