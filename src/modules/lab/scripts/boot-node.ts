/**
 * The first process in a node's namespaces: mounts, pivot_root, then exec of systemd as PID 1.
 * Environment: unit, node (its directory), name, hosts (lines for /etc/hosts), key, shared (a directory).
 */
export const bootScript = String.raw`
fail() { echo "boot: $*" >&2; exit 1; }
# /proc is still the machine's, so this is the PID outside the namespace.
read -r pid rest </proc/self/stat || fail 'no /proc'
printf '%s %s\n' "$pid" "$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f20)" >"$node/pid.new" && mv -f "$node/pid.new" "$node/pid" || fail 'no pid file'
printf '%s\n' "$name" >/proc/sys/kernel/hostname || fail 'no host name'

root=$node/root
lower=$(cat "$node/lower")
data=$node/disk
if [ -e "$node/disk.img" ]; then mount -o loop "$node/disk.img" "$data" || fail 'no disk'; fi
mkdir -p "$data/upper" "$data/work" "$data/docker" "$data/containerd" "$data/rancher" "$data/kubelet" && chmod 755 "$data/upper" || fail 'no disk'
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$data/upper,workdir=$data/work" "$root" || fail 'no overlay'
mount -t proc proc "$root/proc" && mount -t sysfs sysfs "$root/sys" || fail 'no proc, sysfs'

groups=$root/sys/fs/cgroup
if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
  : >"$node/waits"
  tries=0; until [ -e "$node/go" ] || [ $tries -ge 100 ]; do sleep 0.05; tries=$((tries + 1)); done
  mount -t cgroup2 cgroup "$groups" || fail 'no cgroup2'
else
  mount -t tmpfs -o mode=755 tmpfs "$groups" || fail 'no cgroup'
  for hierarchy in /sys/fs/cgroup/*; do
    of=$(basename "$hierarchy")
    if [ -L "$hierarchy" ]; then ln -s "$(readlink "$hierarchy")" "$groups/$of"; continue; fi
    [ -d "$hierarchy" ] && mkdir "$groups/$of" || continue
    case $of in
      unified) mount -t cgroup2 cgroup "$groups/$of" ;;
      systemd) mount -t cgroup -o none,name=systemd cgroup "$groups/$of" ;;
      *) mount -t cgroup -o "$of" cgroup "$groups/$of" ;;
    esac || fail "no cgroup $of"
  done
fi

mount -t tmpfs -o mode=755 tmpfs "$root/dev" || fail 'no /dev'
device() { mknod -m "$2" "$root/dev/$1" c "$3" "$4"; }
# No kmsg: the machine's kernel lines are not the node's.
device null 666 1 3 && device zero 666 1 5 && device full 666 1 7 && device random 666 1 8 && device urandom 666 1 9 &&
  device tty 666 5 0 && mkdir -p "$root/dev/net" "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue" && device net/tun 666 10 200 || fail 'no devices'
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts" || fail 'no devpts'
for link in ptmx:pts/ptmx fd:/proc/self/fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do
  ln -s "$(echo "$link" | cut -d: -f2)" "$root/dev/$(echo "$link" | cut -d: -f1)"
done
mount -t tmpfs tmpfs "$root/dev/shm" && mount -t mqueue mqueue "$root/dev/mqueue" &&
  mount -t tmpfs -o mode=755 tmpfs "$root/run" && mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" || fail 'no tmpfs'
# An overlay cannot lie on an overlay: what container engines keep needs a real file system.
for kept in docker containerd rancher kubelet; do
  mkdir -p "$root/var/lib/$kept" && mount --bind "$data/$kept" "$root/var/lib/$kept" || fail "no $kept"
done

# The shared directory: read-only, at the same path.
mkdir -p "$root$shared" && mount --bind "$shared" "$root$shared" && mount -o remount,bind,ro "$root$shared" || fail 'no shared directory'

rm -f "$root/etc/resolv.conf"
if [ -e /run/systemd/resolve/resolv.conf ]; then cat /run/systemd/resolve/resolv.conf; else cat /etc/resolv.conf; fi >"$root/etc/resolv.conf"
printf '%s\n' "$name" >"$root/etc/hostname"
lab_write_hosts "$root/etc/hosts" || fail 'no hosts'
[ -s "$root/etc/machine-id" ] || tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id" || fail 'no machine-id'
install -m 600 "$node/ssh/ssh_host_ed25519_key" "$root/etc/ssh/ssh_host_ed25519_key" &&
  install -m 644 "$node/ssh/ssh_host_ed25519_key.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub" || fail 'no host key'
lab_authorize "$root" || fail 'no authorized_keys'

cd "$root" && mkdir -p .old && pivot_root . .old || fail 'no pivot_root'
exec </dev/null
umount -l /.old || fail 'cannot unmount the old root'
rmdir /.old
# systemd 256 and newer boot with cgroup v1 only if asked to; in a container, by an argument in place of the kernel's.
if [ -d /sys/fs/cgroup/systemd ]; then set -- SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1; else set --; fi
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=lab LANG=C.UTF-8 /sbin/init "$@"
`

/** Shell functions that write the managed files of a node, at boot or into a running node. */
export const nodeFileFunctions = String.raw`
# The lab's lines in a hosts file ($1) end in "# lab"; all others are the node's own.
lab_write_hosts() {
  lab_others=$(grep -v ' # lab$' "$1" 2>/dev/null)
  printf '%s\n' "$hosts" >"$1.lab" && { [ -z "$lab_others" ] || printf '%s\n' "$lab_others" >>"$1.lab"; } && mv -f "$1.lab" "$1"
}
# Adds the lab's key to authorized_keys in a node's root ($1).
lab_authorize() {
  lab_home=$1/home/ops
  mkdir -p "$lab_home/.ssh" && touch "$lab_home/.ssh/authorized_keys" || return
  grep -qxF "$key" "$lab_home/.ssh/authorized_keys" || printf '%s\n' "$key" >>"$lab_home/.ssh/authorized_keys" || return
  chmod 700 "$lab_home/.ssh" && chmod 600 "$lab_home/.ssh/authorized_keys" && chown -R "$(stat -c %u:%g "$lab_home")" "$lab_home/.ssh"
}
`
