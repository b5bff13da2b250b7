import { chmodSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import t, { type Test } from 'tap'
import { auditScript, readAudit } from '../../../playbooks/docker/audit.ts'
import { AUDIT_CHECKS } from '../../../playbooks/docker/audit-checks.ts'

/** Runs the script of all checks with programs that print what is given, and reads its answers. */
function auditWith(t: Test, docker: string): Map<string, string[]> {
  const program = (text: string): string => `#!/bin/sh\n${text}\n`
  const bin = t.testdir({
    docker: program(docker),
    stat: program(
      'case $* in *sock*) echo "660 root:docker /run/docker.sock" ;; *) echo "644 root /etc/docker/daemon.json" ;; esac',
    ),
    pidof: program('echo self'),
    systemctl: program('echo enabled'),
    df: program('printf "Filesystem 1 2 3 Use Mounted\\n/dev/a 1 1 1 90%% /data\\n"'),
  })
  for (const name of ['docker', 'stat', 'pidof', 'systemctl', 'df']) chmodSync(`${bin}/${name}`, 0o755)
  const { stdout } = spawnSync('sh', ['-c', auditScript(AUDIT_CHECKS)], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` },
  })
  return readAudit(stdout)
}

t.test('what is not as advised is listed by check', async (t) => {
  const results = auditWith(
    t,
    `case $* in
      'ps -q') echo c1 ;;
      *Privileged*) printf '/good false\\n/bad true\\n' ;;
      *Config.Env*) printf '/a DB_PASSWORD=secret\\n/a DB_PASSWORD_FILE=/run/secrets/x\\n' ;;
      *InsecureRegistryCIDRs*) printf '127.0.0.0/8\\n10.0.0.0/8\\n' ;;
      *LogConfig*) printf '/a json-file 10m\\n/b json-file \\n/c local \\n' ;;
      *Config.Image*) printf '/a r:5000/app:1\\n/b r:5000/app\\n/c app:latest\\n/d app@sha256:aa\\n' ;;
      *SecurityOptions*) echo '[name=seccomp,profile=default]' ;;
      'service ls'*) echo s1 ;;
      'node ls'*) echo node1 ;;
      *UpdateConfig*) printf 'counter rollback\\nother pause\\n' ;;
      *' top '* | 'top '*) printf 'PID UID COMMAND\\n101 0 nginx\\n102 33 nginx\\n' ;;
      *.Name*) echo /web ;;
    esac`,
  )
  t.strictSame(
    [...results.keys()],
    AUDIT_CHECKS.map(({ id }) => id),
  )
  t.match(Object.fromEntries(results), {
    privileged: ['/bad true'],
    environment: ['/a DB_PASSWORD'],
    'insecure-registries': ['10.0.0.0/8'],
    logs: ['/b json-file'],
    tags: ['/b r:5000/app', '/c app:latest'],
    seccomp: [],
    managers: ['1 manager(s)'],
    rollback: ['other pause'],
    root: ['/web nginx'],
    disk: ['/data 90%'],
    boot: [],
    socket: [],
    'daemon-json': [],
  })
})

t.test('without a daemon there are no answers', async (t) => {
  t.equal(auditWith(t, 'echo "Cannot connect to the Docker daemon" >&2; exit 1').size, 0)
})

t.test('an output that ends early has no answers for the rest', async (t) => {
  t.strictSame(
    [...readAudit('yes no-tcp\nno socket\n  666 root:root\nye')],
    [
      ['no-tcp', []],
      ['socket', ['666 root:root']],
    ],
  ) // prettier-ignore
})
