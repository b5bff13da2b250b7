import { chmodSync } from 'node:fs'
import t from 'tap'
import { aptScript } from '../../../../src/modules/support/apt-script.ts'
import { runIn, shells } from '../../../support/shells.ts'

/** stderr of `apt-get -o Dpkg::Use-Pty=0 install ./lbconf.deb`, recorded on Debian 12. */
const RECORDED = `dpkg: error processing archive /root/lbconf.deb (--unpack):
 trying to overwrite '/usr/bin/curl', which is also in package curl 7.88.1-10+deb12u14
Errors were encountered while processing:
 /root/lbconf.deb
E: Sub-process /usr/bin/dpkg returned an error code (1)
`

for (const shell of shells)
  await t.test(`${shell.name}: the last line of an error of dpkg is its reason`, async (t) => {
    const bin = t.testdir({
      'apt-get': `#!/bin/sh\n[ "$1 $2 $3" = '-o Dpkg::Use-Pty=0 -y' ] || exit 2\ncat >&2 <<'END'\n${RECORDED}END\nexit 100\n`,
    })
    chmodSync(`${bin}/apt-get`, 0o755)
    const script = aptScript({ lock_timeout: 0 }, false, ['lb_apt apt-get -y install lbconf || exit'])
    const { exitCode, stderr } = runIn(shell, script, { env: { PATH: `${bin}:${process.env['PATH']}` } })
    t.equal(exitCode, 100)
    t.equal(
      stderr.trimEnd().split('\n').at(-1),
      "dpkg: error processing archive /root/lbconf.deb (--unpack): trying to overwrite '/usr/bin/curl', which is also in package curl 7.88.1-10+deb12u14",
    )
  })
