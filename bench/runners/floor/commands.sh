# A hundred trivial commands, each a separate program.
set -eu
i=0
while [ "$i" -lt 100 ]; do
  /bin/echo "$i" >/dev/null
  i=$((i + 1))
done
echo "$1 changed=0"
