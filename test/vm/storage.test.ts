import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import { story } from '../support/story.ts'
import { processesOf, sshTo } from './machine.ts'

/*
 * Docker's data on a separate btrfs disk: created, kept, and removed only on request.
 */

const INVENTORY = ['-i', 'test/vm/storage.yaml', '--yes']
const DIR = '/var/lib/labbook/lbsto'
const ssh = sshTo(DIR, 26_100)
const docker = (...args: string[]) => runPlaybook('playbooks/docker.mjs', [...args, ...INVENTORY])
const driver = (): string => ssh.run('sudo docker info --format "{{.Driver}}"')
const images = (): string => ssh.run('sudo docker image ls --format "{{.Repository}}:{{.Tag}}"')

const step = story(t)
const DISK = 'Docker uses the second disk'

await runPlaybook('playbooks/lab.mjs', ['down', ...INVENTORY]) // leftovers of a killed test
t.teardown(async () => {
  await runPlaybook('playbooks/lab.mjs', ['down', ...INVENTORY])
})

await step(DISK, async (t) => {
  const { exitCode, stdout } = await docker()
  t.equal(exitCode, 0, stdout)
  t.equal(driver(), 'btrfs')
  t.equal(ssh.run('findmnt -n -o SOURCE,FSTYPE /var/lib/docker').replace(/\s+/g, ' '), '/dev/vdb btrfs')
  ssh.run('tar -c -C /etc hostname | sudo docker import - kept:1')
  t.equal((await docker()).exitCode, 0)
  t.equal(latestRun().summary().hosts.node1?.changed, 0, 'a second run changes nothing')
})

await step(
  'another storage driver is refused if data exists, unless forced',
  async (t) => {
    const other = ['-e', 'docker_storage_driver=overlay2']
    const refused = await docker(...other)
    t.equal(refused.exitCode, 2)
    t.match(
      refused.stdout,
      /Docker has data in \/var\/lib\/docker \(btrfs\), which the switch to overlay2 would delete: back it up, then set docker_storage_force: true/,
    )
    t.equal(driver(), 'btrfs')
    t.equal(images(), 'kept:1', 'images are kept')
    const forced = await docker(...other, '-e', 'docker_storage_force=true')
    t.equal(forced.exitCode, 0, forced.stdout)
    t.equal(driver(), 'overlay2')
    t.equal(images(), '')
  },
  [DISK],
)

await step(
  'the disk is mounted after a reboot',
  async (t) => {
    const back = await docker('-e', 'docker_storage_force=true')
    t.equal(back.exitCode, 0, back.stdout)
    ssh.run('tar -c -C /etc hostname | sudo docker import - kept:1')
    const boot = (): string => (ssh.answers() ? ssh.run('cat /proc/sys/kernel/random/boot_id') : '')
    const before = boot()
    ssh.run('sudo systemctl --no-block reboot')
    for (let tries = 0; tries < 60 && ['', before].includes(boot()); tries++) await sleep(5000)
    t.equal(ssh.run('findmnt -n -o FSTYPE /var/lib/docker'), 'btrfs')
    t.equal(images(), 'kept:1')
  },
  [DISK],
)

await step('lab.mjs down removes the machine', async (t) => {
  t.equal((await runPlaybook('playbooks/lab.mjs', ['down', ...INVENTORY])).exitCode, 0)
  t.strictSame(processesOf(DIR), [])
})
