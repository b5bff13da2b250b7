import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { encodingsOf } from '../../src/evidence/secret-encodings.ts'
import type { TaskResult } from '../../src/events/events.ts'
import { latestRun, runPlaybook } from '../support/playbook.ts'
import type { Step } from '../support/story.ts'
import { sshTo } from './machine.ts'

/*
 * Changes and failures of a registry on the real lab with the complete site: new keys and passwords, interrupted
 * pushes, full disks, restarts. Each case leaves a healthy registry.
 */

export interface Site {
  /** `-i FILE`. */
  readonly inventory: readonly string[]
  /** Directory of the lab on this machine. */
  readonly dir: string
  /** Addresses of node1, which runs the registry, and of the others. */
  readonly nodes: readonly [string, string, string]
}

const FINDINGS = 10

export function registryCases(step: Step, site: Site): void {
  const [node1, node2, node3] = site.nodes
  const address = `${node1}:5000`
  const ssh = sshTo(site.dir)
  const on = (node: string, command: string): string => ssh.run(node, `sudo sh -c ${quoted(command)}`)
  const registry = (...args: string[]) => runPlaybook('playbooks/registry.mjs', [...site.inventory, '--yes', ...args])
  const run = (name: string, ...args: string[]) => runPlaybook(name, [...site.inventory, '--yes', ...args])
  const changes = (): string[] =>
    latestRun()
      .events.filter((event): event is TaskResult => event.type === 'result' && event.status === 'changed')
      .flatMap(({ host, task, changes }) => changes.map(({ description }) => `${host}: ${task}: ${description}`))

  const isWell = async (t: Test, what: string, ran: ReturnType<typeof registry>): Promise<void> => {
    const { exitCode, stdout, stderr } = await ran
    if (!t.equal(exitCode, 0, `${what}: the run succeeds`)) t.comment(`${stdout.slice(-5000)}\n${stderr.slice(-2000)}`)
    const held = latestRun()
      .summary()
      .findings.filter(({ id, holds }) => id.startsWith('registry.') && holds === true)
    t.equal(held.length, FINDINGS, `${what}: all findings hold`)
  }

  /** Every node pulls a missing image: TLS and authentication work. */
  const allPull = (t: Test, what: string): void => {
    const image = on(
      node1,
      `docker image ls --format '{{.Repository}}:{{.Tag}}' ${address}/labbook/hello-world | head -n 1`,
    )
    for (const node of site.nodes) {
      const said = on(
        node,
        `docker image rm ${image} >/dev/null 2>&1; docker pull ${image} 2>&1 | tail -n 2; docker image inspect ${image} >/dev/null && echo image-present`,
      )
      t.match(said, /image-present$/, `${what}: ${node} pulls an image`)
    }
  }

  /** Repeatedly removes and pulls an image on a machine, until stopped. */
  const pullRepeatedly = (node: string) => {
    const image = on(
      node1,
      `docker image ls --format '{{.Repository}}:{{.Tag}}' ${address}/labbook/hello-world | head -n 1`,
    )
    on(
      node,
      `rm -f /run/pulls.*; (timeout 300 sh -c 'until [ -e /run/pulls.stop ]; do docker image rm ${image} >/dev/null 2>&1; docker pull -q ${image} 2>&1 | sed "s/^/$(date +%T) /"; sleep 0.05; done' >/run/pulls.log 2>&1 </dev/null &)`,
    )
    return {
      stop: () => {
        const lines = on(node, 'touch /run/pulls.stop; sleep 3; cat /run/pulls.log').split('\n')
        return {
          pulled: lines.filter((line) => line.includes(image)).length,
          failed: lines.filter((line) => !line.endsWith(image)),
        }
      },
    }
  }

  const catalog = (): string =>
    on(
      node1,
      'find /var/lib/registry/docker/registry/v2/repositories -path "*/tags/*/current/link" -exec sh -c \'for f; do echo "$f $(cat "$f")"; done\' sh {} + | sort',
    )

  void step('a new password reaches the registry and its clients, and is never exposed', async (t) => {
    const password = `it's "quite" \\secret$HOME é+/=${Math.random()}`
    const file = path.join(site.dir, 'extra.json')
    writeFileSync(
      file,
      JSON.stringify({
        registry_users: [
          { name: 'labbook', password },
          { name: 'ann', password: 'another one of ann' },
        ],
      }),
      { mode: 0o600 },
    )
    const seen = sampleProcesses([password, 'another one of ann'])
    await isWell(t, 'with a new password and a new user', registry('-e', `@${file}`))
    t.same(seen.stop(), [], 'no command line contains the new password')
    t.match(
      changes().join('\n'),
      /change password of user labbook[^]*add user ann|add user ann[^]*change password of user labbook/,
    )
    await isWell(t, 'a second run', registry('-e', `@${file}`))
    t.same(changes(), [])
    t.same(
      filesWith(latestRun().directory, [password, 'another one of ann']),
      [],
      'no record of the run contains the new password',
    )
    const inspected = site.nodes
      .map((node) =>
        on(
          node,
          'docker inspect $(docker ps -aq) 2>/dev/null; docker service inspect $(docker service ls -q 2>/dev/null) 2>/dev/null; true',
        ),
      )
      .join('')
    t.notOk(
      [password, 'another one of ann'].flatMap(encodingsOf).some((form) => inspected.includes(form)),
      'docker inspect does not show the new password',
    )
    rmSync(file)

    const generated =
      Object.values(
        JSON.parse(
          JSON.stringify(
            /^labbook: (.+)$/m.exec(readFileSync(path.join(site.dir, 'registry/passwords.yaml'), 'utf8')) ?? {},
          ),
        ) as Record<string, string>,
      )[1] ?? ''
    t.match(generated, /^\w{20,}$/)
    const again = sampleProcesses([generated])
    await isWell(t, 'with the generated password again', registry())
    t.same(again.stop(), [], 'no command line contains the generated password')
    t.match(changes().join('\n'), /remove user ann/)
    t.same(filesWith(latestRun().directory, [generated]), [], 'no record of the run contains the generated password')
    allPull(t, 'afterwards')
  })

  void step(
    'certificate renewal and CA rotation reach the registry and its clients without a failed pull',
    async (t) => {
      rmSync(path.join(site.dir, 'registry/pki/registry.crt'))
      const pulls = pullRepeatedly(node2)
      // Without the experiments, which remove the registry.
      const { exitCode } = await registry('--tags', 'registry', '--skip-tags', 'proof')
      t.equal(exitCode, 0)
      t.match(changes().join('\n'), /issue certificate registry for /)
      t.match(changes().join('\n'), /node1: .*restart registry/)
      const { pulled, failed } = pulls.stop()
      t.ok(pulled > 0, `${pulled} pulls succeed during the renewal`)
      t.same(failed, [], 'no pull fails during the renewal')
      t.match(on(node1, 'iptables-save | grep -c labbook-registry; true'), /^0$/, 'the renewal leaves no firewall rule')
      await isWell(t, 'with a new certificate', registry())
      allPull(t, 'new certificate')
      await isWell(t, 'with a new CA', registry('-e', 'pki_generation=2'))
      t.match(changes().join('\n'), /Copy CA certificate for Docker/)
      allPull(t, 'new CA')
      await isWell(t, 'a second run', registry('-e', 'pki_generation=2'))
      t.same(changes(), [])
    },
  )

  void step('an interrupted push leaves the registry unchanged; unused images are pruned', async (t) => {
    const before = catalog()
    on(
      node2,
      `head -c 150000000 /dev/urandom >/root/noise && tar -C /root -cf - noise | docker import - ${address}/labbook/noise:1 >/dev/null; rm /root/noise`,
    )
    // A signal ends docker push, and with it the upload of dockerd.
    on(node2, `timeout -s KILL 0.6 docker push -q ${address}/labbook/noise:1 >/dev/null 2>&1; true`)
    t.equal(catalog(), before, 'the catalog of the registry is unchanged')
    t.match(on(node2, `docker push -q ${address}/labbook/noise:1 2>&1`), /noise:1$/, 'the next push succeeds')
    t.not(catalog(), before)

    const bytes = (): number => Number(on(node1, 'du -sb /var/lib/registry | cut -f 1'))
    const full = bytes()
    const check = await run('playbooks/registry.mjs', 'gc', '--check')
    t.equal(check.exitCode, 0)
    const predicted = changes()
    t.match(predicted.join('\n'), /delete labbook\/noise:1/)
    t.equal(bytes(), full, 'check mode deletes nothing')
    const gc = await run('playbooks/registry.mjs', 'gc')
    if (!t.equal(gc.exitCode, 0)) t.comment(gc.stdout.slice(-3000))
    t.same(changes(), predicted, 'the run matches the prediction')
    t.ok(bytes() < full - 100_000_000, 'gc frees the space of the pruned image')
    t.equal(catalog(), before)
    t.equal((await run('playbooks/registry.mjs', 'gc')).exitCode, 0)
    t.same(changes(), [], 'a second run changes nothing')
    t.match(on(node1, 'cat /etc/labbook/registry/config.yml'), /^(?![^]*readonly)/, 'the registry is writable after gc')
    const used = on(node1, `docker service ls --format '{{.Image}}'`).split('\n')
    t.ok(used.length >= 2)
    for (const image of used)
      t.match(
        on(node3, `docker pull -q ${image.replace(/:[^:@/]+@/, '@')} 2>&1`),
        /sha256/,
        `${image}, which a service uses, is kept`,
      )
    on(node2, `docker image rm ${address}/labbook/noise:1`)
  })

  void step('a push to a full disk fails with a clear message and no damage', async (t) => {
    on(node1, 'mkdir -p /mnt/small && mount -t tmpfs -o size=420m small /mnt/small')
    await isWell(
      t,
      'with other storage',
      registry('-e', 'registry_storage=/mnt/small/registry', '-e', 'pki_generation=2'),
    )
    const list = (): string => on(node1, 'find /mnt/small/registry -name link -path "*tags*" | sort')
    const before = list()
    on(
      node2,
      `head -c 500000000 /dev/urandom >/root/noise && tar -C /root -cf - noise | docker import - ${address}/labbook/noise:2 >/dev/null; rm /root/noise`,
    )
    const said = on(
      node2,
      `docker push ${address}/labbook/noise:2 2>&1; echo "exit code $?"; docker image rm ${address}/labbook/noise:2 >/dev/null`,
    )
    t.match(said, /exit code [1-9]/)
    t.match(said, /no space|500|unknown|blob upload/i, said.split('\n').slice(-3).join(' '))
    t.equal(list(), before, 'the catalog of the registry is unchanged')
    allPull(t, 'with a full disk')
    await isWell(t, 'back on its own storage', registry('-e', 'pki_generation=2'))
    on(node1, 'umount /mnt/small; rmdir /mnt/small')
    t.same(catalog().includes('noise'), false)
  })

  void step('two concurrent runs succeed', async (t) => {
    rmSync(path.join(site.dir, 'registry/pki/registry.crt'))
    const both = await Promise.all([
      registry('-e', 'pki_generation=2', '--tags', 'registry'),
      registry('-e', 'pki_generation=2', '--tags', 'registry'),
    ])
    for (const { exitCode, stdout } of both) if (exitCode !== 0) t.comment(stdout.slice(-3000))
    await isWell(t, 'after two at once', registry('-e', 'pki_generation=2'))
    await isWell(t, 'a second run', registry('-e', 'pki_generation=2'))
    t.same(changes(), [])
  })

  void step('the registry survives a reboot of its machine', async (t) => {
    t.equal((await run('test/lab/playbooks/power.mjs', '-e', 'power_node=node1')).exitCode, 0)
    t.notOk(ssh.answers(node1))
    await isWell(t, 'after a power loss', registry('-e', 'pki_generation=2'))
    allPull(t, 'after a power loss')
  })

  void step('the registry moves to another machine', async (t) => {
    const inventory = path.join(site.dir, 'moved.yaml')
    const text = readFileSync(site.inventory[1] as string, 'utf8')
    const moved = text.replace(/(\n {4}registry:\n {6}hosts:\n {8})node1:/, '$1node2:')
    t.not(moved, text)
    writeFileSync(inventory, moved)
    const app = () => runPlaybook('playbooks/app.mjs', ['-i', inventory, '--yes', '-e', 'pki_generation=2'])
    const first = await app()
    if (!t.equal(first.exitCode, 0)) t.comment(`${first.stdout.slice(-5000)}\n${first.stderr.slice(-2000)}`)
    t.match(changes().join('\n'), /issue certificate registry for /)
    t.equal(on(node1, 'docker ps -aq --filter name=labbook-registry'), '', 'node1 runs no registry')
    t.match(on(node1, 'ls /var/lib/registry/docker'), /registry/, 'node1 keeps the data of the registry')
    for (const image of on(node1, `docker service ls --format '{{.Image}}'`).split('\n'))
      t.match(image, new RegExp(`^${node2}:5000/`), `service image ${image} is in the new registry`)
    t.equal((await app()).exitCode, 0)
    t.same(changes(), [], 'a second run changes nothing')
  })
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Files below a directory that contain a secret in any form. */
function filesWith(folder: string, secrets: readonly string[]): string[] {
  const forms = secrets.flatMap(encodingsOf)
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => {
      const text = readFileSync(file, 'utf8')
      return forms.some((form) => text.includes(form))
    })
}

/** Polls all command lines of this machine, including those of lab nodes. */
function sampleProcesses(secrets: readonly string[]): { stop(): string[] } {
  const forms = secrets.flatMap(encodingsOf)
  const found = new Set<string>()
  let samples = 0
  const timer = setInterval(() => {
    samples += 1
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        if (forms.some((form) => line.includes(form))) found.add(line.slice(0, 40))
      } catch {
        // It exited meanwhile.
      }
    }
  }, 25)
  return {
    stop: () => {
      clearInterval(timer)
      return samples > 10 ? [...found] : [`only ${samples} samples`]
    },
  }
}
