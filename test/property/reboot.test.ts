import t from 'tap'
import { checkThenRun, startNode, type TaskSpec } from './harness.ts'

/*
 * Nodes of a lab share the machine's kernel and its boot id. So a unit of the node replaces the boot id at each boot,
 * before sshd starts; the reboot itself is real: all processes of the node end, and systemd starts.
 */

const UNIT = `[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'cat /proc/sys/kernel/random/uuid >/run/boot_id && mount --bind /run/boot_id /proc/sys/kernel/random/boot_id'
[Install]
WantedBy=sysinit.target
`

const node = await startNode(t, { name: 'lbprop', net: '10.83.0' })
node.sh(
  `printf '%s' "${UNIT}" >/etc/systemd/system/boot-name.service && systemctl daemon-reload && systemctl enable -q --now boot-name`,
)

const write = (dest: string): TaskSpec => ({
  module: 'copy',
  params: { dest, content: 'a\n' },
  claim: `[ "$(cat ${dest})" = a ]`,
})
const reboot: TaskSpec = {
  module: 'reboot',
  params: { reboot_timeout: 300 },
  always: true,
  claim: '! cmp -s /root/boot-before /proc/sys/kernel/random/boot_id && [ ! -e /run/gone-at-boot ]',
}

await t.test('check mode predicts a reboot and the tasks after it', async (t) => {
  await t.resolves(
    checkThenRun(node, {
      start: 'rm -f /root/a /root/b; cat /proc/sys/kernel/random/boot_id >/root/boot-before; : >/run/gone-at-boot',
      tasks: [write('/root/a'), reboot, write('/root/b')],
      look: 'find /root -printf "%p %m %s\\n" | sort',
      settled: true,
    }),
  )
})
