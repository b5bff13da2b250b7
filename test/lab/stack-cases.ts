import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import type { Step } from '../support/story.ts'
import { latestRun, runPlaybook } from '../support/playbook.ts'

/*
 * Stacks, and a load balancer for two apps, on the real lab with the complete site. Each case removes its stacks.
 */
export function stackCases(step: Step, inventory: readonly string[]): void {
  const run = (name: string, ...args: string[]) => runPlaybook(name, [...inventory, '--yes', ...args])
  const stack = (...args: string[]) => run('playbooks/stack.mjs', '--tags', 'lab,stack', ...args)
  const findings = (prefix: string): [string, boolean | null][] =>
    latestRun()
      .summary()
      .findings.filter(({ id }) => id.startsWith(prefix))
      .map(({ id, holds }) => [id, holds])
  const changed = (): number => Object.values(latestRun().summary().hosts).reduce((sum, host) => sum + host.changed, 0)
  const ends = async (t: Test, step: ReturnType<typeof run>, code = 0): Promise<string> => {
    const { exitCode, stdout, stderr } = await step
    if (!t.equal(exitCode, code, `the run ends with ${code}`))
      t.comment(`${stdout.slice(-5000)}\n${stderr.slice(-2000)}`)
    return `${stdout}\n${stderr}`
  }
  const STACK = [
    ['stack.converged', true],
    ['stack.replicas', true],
    ['stack.health', true],
  ]

  void step('the voting app is deployed idempotently and removed', async (t) => {
    const voting = ['-e', 'file=examples/voting/compose.yaml']
    // Only the complete playbook pushes the images.
    await ends(t, run('playbooks/stack.mjs', ...voting))
    t.same(findings('stack.'), STACK)
    await ends(t, run('playbooks/stack.mjs', ...voting))
    t.equal(changed(), 0)
    t.same(findings('stack.'), STACK)
    await ends(t, stack(...voting, '-e', 'state=absent'))
    t.ok(changed() > 0)
  })

  void step('a failing stack is reported with its task and reason', async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'labbook-stack-'))
    t.teardown(() => {
      rmSync(folder, { recursive: true, force: true })
    })
    const file = path.join(folder, 'broken.yaml')
    writeFileSync(
      file,
      'services:\n  web:\n    image: ${IMAGE_REDIS}\n    command: [sh, -c, "echo no such table: orders; exit 1"]\n    deploy: {endpoint_mode: dnsrr}\n',
    )
    const broken = ['-e', `file=${file}`, '-e', 'name=broken']
    const said = await ends(t, run('playbooks/stack.mjs', ...broken), 2)
    // Long lines are wrapped.
    t.match(said.replaceAll(/\s+/g, ' '), /broken_web.*no such table: orders/)
    t.match(findings('stack.'), [['stack.converged', false]])
    writeFileSync(file, 'services:\n  web:\n    imge: x\n')
    const wrong = await ends(t, stack(...broken), 1)
    t.match(wrong, /broken\.yaml:3:5: unknown key "imge": did you mean image\?/)
    writeFileSync(file, 'services:\n  web:\n    image: ${IMAGE_REDIS}\n')
    await ends(t, stack(...broken, '-e', 'state=absent'))
  })

  void step('nginx balances two apps, then HAProxy replaces it', async (t) => {
    const held = [
      ['balancer.paths', true],
      ['balancer.sticky', true],
      ['balancer.health', true],
    ]
    const nginx = ['-e', 'balancer=nginx', '-e', 'balancer_sticky=true']
    await ends(t, run('playbooks/balancer.mjs', ...nginx))
    t.same(findings('balancer.'), held)
    await ends(t, run('playbooks/balancer.mjs'))
    t.same(findings('balancer.'), held)
    await ends(t, run('playbooks/balancer.mjs'))
    t.equal(changed(), 0)
    await ends(t, run('playbooks/balancer.mjs', 'down'))
  })
}
