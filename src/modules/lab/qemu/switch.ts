import * as z from 'zod'
import type { Change } from '../../module.ts'
import { defineModule } from '../../task.ts'
import { setNewDirectory, setTree, treeAt } from '../../support/effects.ts'
import { raw, sh } from '../../../shell/quote.ts'
import { foreignProblem, removeDirectory, reportForeign } from '../lab-directory.ts'
import { labDirectory, parseFacts } from '../names.ts'
import { qemuOfMachine } from './scripts/architecture.ts'
import { processFunctions } from './scripts/vm.ts'

const schema = z.strictObject({
  dir: labDirectory
    .describe('Directory of the lab')
    .max(70, 'must have at most 70 characters: it contains sockets, whose paths are limited'),
  nodes: z.array(z.string()).default([]).describe('Nodes of the lab; other nodes are removed'),
  state: z
    .enum(['present', 'absent'])
    .default('present')
    .describe('absent: stops all machines and removes the directory with their disks'),
})

/** A multicast address per lab, from the site-local range. */
function groupOf(dir: string): string {
  let hash = 0
  for (const byte of Buffer.from(dir)) hash = (Math.imul(hash, 31) + byte) >>> 0
  return `239.255.${hash & 0xff}.${(hash >>> 8) & 0xff}:${20_000 + ((hash >>> 16) % 10_000)}`
}

/**
 * The network between the virtual machines: a vde_switch process with a socket in the lab's directory, or else
 * multicast on the loopback interface. This machine is not on that network, so any subnet works.
 */
export const lab_vm_switch = defineModule({
  name: 'lab_vm_switch',
  schema,
  reads: ({ dir }) => [`lab-vm:${dir}`, ...treeAt(dir)],
  sets: ({ dir, state }) => [
    `lab-vm:${dir}`,
    ...(state === 'absent' ? setTree(dir) : [...setNewDirectory(dir), ...setTree(dir)]),
  ],
  title: ({ dir }) => dir,
  probe: ({ dir }) =>
    `${processFunctions}${sh`
${raw(qemuOfMachine)}
command -v vde_switch >/dev/null && "$qemu" -netdev help 2>/dev/null | grep -qx vde && echo can-vde
printf 'link %s\n' "$(cat ${`${dir}/link`} 2>/dev/null)"
${raw(switchPid(dir))}
[ -z "$switch" ] || printf 'switch %s\n' "$switch"
[ ! -e ${dir} ] || echo folder
${raw(reportForeign(dir))}
ls ${`${dir}/nodes`} 2>/dev/null | grep -v '[.]lock$' | sed 's/^/node /'
lab_vms ${dir} | sed 's/^/vm /'
true`}`,
  plan: ({ dir, nodes, state }, { stdout }) => {
    const facts = parseFacts(stdout)
    const has = (key: string): boolean => facts.some(([of]) => of === key)
    const running = facts.filter(([key]) => key === 'vm').map(([, line]) => line.split(' ')[1] ?? '')
    const link = new Map(facts).get('link') ?? ''
    if (state === 'absent') {
      if (!has('folder') && running.length === 0 && !has('switch')) return { changes: [] }
      if (has('foreign')) return { changes: [], problem: foreignProblem(dir) }
      const what = [...running, ...(has('switch') ? ['the switch'] : [])].join(', ')
      return {
        changes: [{ description: `${what === '' ? '' : `stop ${what} and `}remove ${dir}`, script: removeAll(dir) }],
      }
    }
    const changes: Change[] = []
    const others = [
      ...new Set([...running, ...facts.filter(([key]) => key === 'node').map(([, name]) => name)]),
    ].filter((name) => !nodes.includes(name))
    for (const name of others)
      changes.push({
        description: `stop ${name} and remove its disk`,
        script: `${processFunctions}${sh`lab_end_vms ${dir} ${name} && rm -rf ${`${dir}/nodes/${name}`} ${`${dir}/nodes/${name}.lock`}`}`,
      })
    const wanted = has('can-vde') ? 'vde' : groupOf(dir)
    // A running machine does not reconnect to a new switch.
    const connected = running.filter((name) => nodes.includes(name))
    const stops = connected.length > 0 ? ` and stop ${connected.join(', ')}, which cannot reconnect` : ''
    if (link !== wanted || (wanted === 'vde' && !has('switch'))) {
      const description =
        wanted === 'vde'
          ? `start the switch of the lab${stops}`
          : `connect the nodes via multicast ${wanted} on the loopback interface${stops}`
      changes.push({ description, script: startSwitch(dir, wanted) })
    }
    return { changes }
  },
})

const switchPid = (dir: string): string =>
  sh`switch=$(ps -A -ww -o pid= -o command= 2>/dev/null | awk -v socket=${` ${dir}/switch `} '$2 ~ "(^|/)vde_switch$" && index($0 " ", socket) { print $1; exit }')`

const stopSwitch = (dir: string): string =>
  `${switchPid(dir)}\n${sh`
[ -z "$switch" ] || kill "$switch"
tries=0
while [ -n "$switch" ] && kill -0 "$switch" 2>/dev/null && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
rm -rf ${`${dir}/switch`}`}`

const startSwitch = (dir: string, link: string): string =>
  `${processFunctions}${sh`
mkdir -p ${dir} && chmod 755 ${dir} && lab_end_vms ${dir} || exit
${raw(stopSwitch(dir))}
${raw(link === 'vde' ? sh`vde_switch -s ${`${dir}/switch`} -m 600 -daemon -p ${`${dir}/switch.pid`} </dev/null >/dev/null 2>&1 || { echo 'vde_switch failed to start' >&2; exit 1; }` : ':')}
printf '%s\n' ${link} >${`${dir}/link`}`}`

const removeAll = (dir: string): string =>
  `${processFunctions}${sh`
lab_end_vms ${dir} || exit
${raw(stopSwitch(dir))}
${raw(removeDirectory(dir))}`}`
