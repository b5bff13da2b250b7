#!/usr/bin/env bash
# Runs tests: all parts of `npm test`, or those named: `bash test/run.sh unit ssh`. --help lists them; docs/tests.md says more.
# Each part installs the Debian packages it needs, where they are missing.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

case " $* " in *' --help '* | *' -h '*) exec node --import=tsx test/run/main.ts --help ;; esac

# Labs of two runs would conflict. Child processes of Node do not inherit the lock.
exec 9>"${TMPDIR:-/tmp}/labbook-tests.lock"
flock --nonblock 9 || { echo '== another run of the tests is going on here; waiting for its end'; flock 9; }
exec node --import=tsx test/run/main.ts "$@"
