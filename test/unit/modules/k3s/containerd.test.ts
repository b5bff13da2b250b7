import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { containerdFunctions } from '../../../../src/modules/k3s/containerd.ts'
import { runIn, shells } from '../../../support/shells.ts'

const OURS = "[plugins.'io.containerd.cri.v1.runtime']\n  restrict_oom_score_adj = true\n"

for (const shell of shells) {
  t.test(
    `${shell.name}: containerd imports drop-ins by a template, where k3s does not import them itself`,
    async (t) => {
      const dir = t.testdir({ k3s: 'one binary', 'config-v3.toml.d': { 'labbook.toml': OURS }, 'config.toml.d': {} })
      const template = `${dir}/config-v3.toml.tmpl`
      const run = (script: string) => runIn(shell, `${containerdFunctions(dir, `${dir}/k3s`)}\n${script}`)
      const needs = (): boolean => run('lb_needs_template').exitCode === 0
      /** Generates the configuration from the template, as k3s does. */
      const start = (base: string): void => {
        const text = existsSync(template) ? readFileSync(template, 'utf8') : '{{ template "base" . }}\n'
        writeFileSync(`${dir}/config.toml`, text.replace('{{ template "base" . }}', base))
      }
      t.notOk(needs(), 'k3s has not started yet')
      start('version = 3\nroot = "/x"')
      t.ok(needs(), 'the configuration of this release imports nothing')
      t.match(run('lb_add_template'), { exitCode: 0, stderr: '' })
      start('version = 3\nroot = "/x"')
      t.notOk(needs(), 'the template imports the drop-ins')
      t.match(
        readFileSync(`${dir}/config.toml`, 'utf8'),
        new RegExp(`^#[^\n]*\nimports = \\["${dir}/config-v3\\.toml\\.d/\\*\\.toml"\\]\n\nversion = 3\n`),
      )
      run('lb_drop_template')
      t.ok(existsSync(template), 'the template stays with its binary')
      writeFileSync(`${dir}/k3s`, 'a newer binary')
      run('lb_drop_template')
      t.notOk(existsSync(template), 'a newer binary may import the drop-ins itself: the key would be there twice')
      start(`version = 3\nimports = ["${dir}/config-v3.toml.d/*.toml"]`)
      t.notOk(needs())
    },
  )

  t.test(`${shell.name}: a template of the user is kept`, async (t) => {
    const dir = t.testdir({
      k3s: '',
      'config.toml.d': { 'labbook.toml': OURS },
      'config.toml.tmpl': '# mine\n{{ template "base" . }}\n',
      'config.toml': '# mine\nversion = 2\n',
    })
    const { exitCode, stderr } = runIn(
      shell,
      `${containerdFunctions(dir, `${dir}/k3s`)}\nlb_drop_template; lb_needs_template && lb_add_template`,
    )
    t.equal(exitCode, 1)
    t.match(
      stderr,
      `config.toml.tmpl does not import drop-ins: add this line on top: imports = ["${dir}/config.toml.d/*.toml"]`,
    )
    t.match(readFileSync(`${dir}/config.toml.tmpl`, 'utf8'), /^# mine/)
  })
}
