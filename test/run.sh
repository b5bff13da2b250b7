#!/usr/bin/env bash
# All tests, from the quick to the real: checks, units, sshd, the app with Redis, the report in a browser, check mode held to its
# word, a virtual machine, the lab.
# `test/run.sh unit ssh` runs only these parts. Installs the Debian packages the tests need, where they are missing.
set -uo pipefail
cd "$(dirname "$0")/.."
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(check unit ssh app redis browser property vm lab)
passed=0 failed=0 broken=()

# The labs of two runs would be in each other's way. What a test leaves running must not hold the lock: see tally.
exec 9>"${TMPDIR:-/tmp}/labbook-tests.lock"
flock --nonblock 9 || { echo '== another run of the tests is going on here; waiting for its end'; flock 9; }

need() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "== installing for the tests: ${missing[*]}"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Runs a command, keeps its output, adds up what tap or pytest says.
tally() {
  local name=$1 log code
  shift
  log=$(mktemp)
  echo "== $name"
  "$@" 2>&1 9>&- | tee "$log" 9>&- | grep 9>&- -vE '^ *(ok |1\.\.|# time=|$)|^ *# Subtest'
  code=${PIPESTATUS[0]}
  local counts total
  counts=$(grep -E '^# \{ total: ' "$log" | tail -n 1)
  total=$(sed -nE 's/.*pass: ([0-9]+).*/\1/p' <<<"$counts")
  [ -n "$total" ] || total=$(sed -nE 's/^([0-9]+) passed.*/\1/p' "$log" | tail -n 1)
  passed=$((passed + ${total:-0}))
  total=$(sed -nE 's/.*fail: ([0-9]+).*/\1/p' <<<"$counts")
  failed=$((failed + ${total:-0}))
  if [ "$code" -ne 0 ]; then
    broken+=("$name")
    [ "${total:-0}" -gt 0 ] || failed=$((failed + 1))
  fi
  rm -f "$log"
}

for part in "${parts[@]}"; do
  case $part in
    check) tally check npm run --silent check ;;
    unit) need busybox curl cpio ruby gpg && tally unit npx tap ;;
    ssh) need openssh-server openssh-client sudo tcsh fish && tally ssh npx tap --jobs=1 test/ssh/*.test.ts ;;
    app)
      need redis-server python3-pytest python3-flask python3-redis gunicorn nginx-light haproxy python3-psycopg2
      ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need postgresql
      tally app bash app/tests/run.sh ;;
    redis) need busybox redis-server && tally redis npx tap --jobs=1 --timeout=900 test/redis/*.test.ts ;;
    browser) need chromium && tally browser npx tap --jobs=1 test/browser/*.test.ts ;;
    property) need curl && tally property npx tap --jobs=1 --timeout=1800 test/property/*.test.ts ;;
    lab) need curl && tally lab npx tap --jobs=1 --timeout=3600 test/lab/*.test.ts ;;
    # One machine; `npm run test:vm` makes three and takes long.
    vm)
      need qemu-system-x86 qemu-utils vde2 mmdebstrap cpio openssh-client
      tally vm npx tap --jobs=1 --timeout=1200 test/vm/one.test.ts ;;
    *) echo "no such part: $part (check, unit, ssh, app, redis, browser, property, lab, vm)"; exit 1 ;;
  esac
done

[ ${#broken[@]} -eq 0 ] || echo "failed: ${broken[*]}"
echo "$passed passed, $failed failed"
[ ${#broken[@]} -eq 0 ]
