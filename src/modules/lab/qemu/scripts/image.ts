import { sh } from '../../../../shell/quote.ts'
import { basePackages, sourceFunctions } from '../../scripts/rootfs.ts'

/** Packages that a virtual machine needs in addition to a namespace node, beside the kernel. */
const vmPackages = ['udev', 'busybox', 'e2fsprogs', 'netbase', 'ipvsadm']

export const imagePackages = (more: readonly string[]): string[] => [
  ...new Set([...basePackages, ...vmPackages, ...more]),
]

/** Raise it if the result of the scripts below changes: images are then rebuilt. */
const recipeVersion = 5

/**
 * Units that wait for missing hardware, write to an unused console, or take the package manager's lock during a play.
 */
const masked = [
  'systemd-logind.service',
  'systemd-user-sessions.service',
  'getty.target',
  'serial-getty@ttyS0.service',
  'console-getty.service',
  'systemd-networkd.service',
  'systemd-timesyncd.service',
  'systemd-pstore.service',
  'systemd-binfmt.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  'modprobe@drm.service',
  'modprobe@efi_pstore.service',
  'modprobe@fuse.service',
  'modprobe@configfs.service',
  'modprobe@dm_mod.service',
  'modprobe@loop.service',
  'systemd-firstboot.service',
  'systemd-sysusers.service',
  'systemd-repart.service',
  'systemd-journal-flush.service',
  'dev-hugepages.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'ipvsadm.service',
  'networking.service',
]

/** Kernel modules to load before the root disk is mounted; and those of the network, to save a search. */
const earlyModules = ['virtio_pci', 'virtio_blk', 'ext4', 'virtio_net', 'virtio_rng']

/**
 * The first process of a virtual machine. The disk is mounted with barriers: a flush makes QEMU write the tables of its
 * qcow2 file; without flushes a power loss (a killed process) may destroy the tables and the file system. Settings of
 * the machine (name, addresses, keys) come in `/lab` of the initrd and overwrite the disk's at each boot.
 */
const init = String.raw`#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t proc proc /proc
for module in /m/*; do /bin/busybox insmod "$module"; done
case " $(/bin/busybox cat /proc/cmdline) " in *' lab.try '*)
  echo 'labbook: tried, and it works' >/dev/console
  /bin/busybox poweroff -f
esac
tries=0
until [ -e /dev/vda ] || [ $tries -ge 200 ]; do /bin/busybox sleep 0.05; tries=$((tries + 1)); done
/bin/busybox mount -t ext4 -o rw,noatime /dev/vda /new || { echo 'labbook: no disk' >/dev/console; /bin/busybox sleep 1; /bin/busybox poweroff -f; }
for file in hostname hosts machine-id; do /bin/busybox cat /lab/$file >/new/etc/$file; done
for file in ssh_host_ed25519_key ssh_host_ed25519_key.pub; do /bin/busybox cp /lab/$file /new/etc/ssh/$file; done
/bin/busybox chmod 600 /new/etc/ssh/ssh_host_ed25519_key
/bin/busybox cp /lab/lab-net /new/etc/lab-net
ssh=/new/home/ops/.ssh
/bin/busybox mkdir -p $ssh
/bin/busybox touch $ssh/authorized_keys
/bin/busybox grep -qxFf /lab/authorized_keys $ssh/authorized_keys || /bin/busybox cat /lab/authorized_keys >>$ssh/authorized_keys
/bin/busybox chmod 700 $ssh; /bin/busybox chmod 600 $ssh/authorized_keys
/bin/busybox chown -R "$(/bin/busybox stat -c %u:%g /new/home/ops)" $ssh
/bin/busybox umount /proc
exec /bin/busybox switch_root /new /sbin/init
`

/**
 * Configures addresses before sshd starts: eth0 is QEMU's user network, eth1 the network of the nodes. Then grows the
 * file system to the disk.
 */
const net = String.raw`#!/bin/sh
. /etc/lab-net
ip link set lo up
ip addr add 198.18.0.15/24 dev eth0; ip link set eth0 up; ip route add default via 198.18.0.2
ip addr add "$address/$prefix" dev eth1; ip link set eth1 up
resize2fs /dev/vda >/dev/null 2>&1
exit 0
`

const unit = `[Unit]
Description=Network of the lab
DefaultDependencies=no
Before=network-pre.target network.target network-online.target ssh.service
Wants=network.target network-online.target
After=systemd-remount-fs.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-net
[Install]
WantedBy=multi-user.target
`

/**
 * Configures a plain Debian root ($1) for a virtual machine, and writes the contents of its initrd to /boot/lab. Runs
 * as a hook of mmdebstrap. Its text is part of the recipe: any change, even of a comment, rebuilds all images.
 */
const finish = sh`
root=$1
lab_finish() {
  chroot "$root" useradd -m -s /bin/bash ops || return
  printf 'ops ALL=(ALL) NOPASSWD:ALL\n' >"$root/etc/sudoers.d/ops" && chmod 440 "$root/etc/sudoers.d/ops" || return
  rm -f "$root"/etc/ssh/ssh_host_* || return
  : >"$root/etc/machine-id"; : >"$root/etc/fstab"
  rm -f "$root/etc/resolv.conf"; echo 'nameserver 198.18.0.3' >"$root/etc/resolv.conf" || return
  for unit in ${masked}; do ln -sf /dev/null "$root/etc/systemd/system/$unit" || return; done
  # Who would allow logins after the boot is masked: nobody forbids them before.
  mkdir -p "$root/etc/tmpfiles.d" && ln -sf /dev/null "$root/etc/tmpfiles.d/systemd-nologin.conf" || return
  ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
  mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/ssh/sshd_config.d" "$root/etc/systemd/system/systemd-udev-trigger.service.d" || return
  printf '[Journal]\nSystemMaxUse=64M\n' >"$root/etc/systemd/journald.conf.d/lab.conf"
  printf 'PasswordAuthentication no\nUseDNS no\nPrintMotd no\nHostKey /etc/ssh/ssh_host_ed25519_key\n' >"$root/etc/ssh/sshd_config.d/lab.conf"
  printf '[Service]\nExecStart=\nExecStart=-udevadm trigger --type=all --action=add --subsystem-match=block --subsystem-match=net\n' >"$root/etc/systemd/system/systemd-udev-trigger.service.d/lab.conf"
  printf '%s' ${net} >"$root/usr/local/sbin/lab-net" && chmod 755 "$root/usr/local/sbin/lab-net" || return
  printf '%s' ${unit} >"$root/etc/systemd/system/lab-net.service" && chroot "$root" systemctl -q enable lab-net.service || return
  kernel=$(ls "$root/lib/modules" | sort -V | tail -n 1)
  mkdir -p "$root/boot/lab/bin" "$root/boot/lab/m" "$root/boot/lab/dev" "$root/boot/lab/proc" "$root/boot/lab/new" || return
  cp "$root/bin/busybox" "$root/boot/lab/bin/busybox" || return
  for lib in $(chroot "$root" ldd /bin/busybox | grep -o '/[^ )]*'); do
    mkdir -p "$root/boot/lab/$(dirname "$lib")" && cp -L "$root$lib" "$root/boot/lab$lib" || return
  done
  number=10
  for name in ${earlyModules}; do
    for file in $(chroot "$root" modprobe --set-version "$kernel" --show-depends "$name" | awk '$1 == "insmod" { print $2 }'); do
      ls "$root/boot/lab/m/"*-"$(basename "$file" | sed 's/[.]ko.*/.ko/')" >/dev/null 2>&1 && continue
      case $file in
        *.xz) xz -dc "$root$file" ;;
        *.zst) zstd -qdc "$root$file" ;;
        *) cat "$root$file" ;;
      esac >"$root/boot/lab/m/$number-$(basename "$file" | sed 's/[.]ko.*/.ko/')" || return
      number=$((number + 1))
    done
  done
  printf '%s' ${init} >"$root/boot/lab/init" && chmod 755 "$root/boot/lab/init" || return
  rm -rf "$root"/var/lib/apt/lists/*_* "$root"/var/cache/apt/*.bin
}
lab_finish
`

/** Shell functions that choose the kernel package and the sources for a release of this machine's archive. */
const releaseFunctions = `${sourceFunctions}${String.raw`
lab_vm_sources() { lab_release_sources "$release"; }
lab_kernel() {
  case $(. /etc/os-release && echo "$ID"):$(dpkg --print-architecture) in
    ubuntu:*) echo linux-image-generic ;;
    *:amd64|*:arm64) echo "linux-image-cloud-$(dpkg --print-architecture)" ;;
    *) echo "linux-image-$(dpkg --print-architecture)" ;;
  esac
}
`}`

/** Defines `lab_image_recipe`, which prints the checksum of all inputs of an image. */
export const imageRecipe = (packages: readonly string[], release: string | undefined): string =>
  sh`
release=${release ?? ''}; [ -n "$release" ] || release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"')
` +
  `${releaseFunctions}${sh`
lab_image_recipe() {
  { printf '%s\n' ${String(recipeVersion)} ${packages} "$release" ${finish}; lab_vm_sources; lab_apt_settings; } | sha256sum | cut -c1-16
}
`}`

/**
 * Builds `<path>/<recipe>/{disk.raw,vmlinuz,initrd}` and points `<path>/current` to it. Without root, mmdebstrap and
 * mke2fs run in a user namespace, in which files may have any owner.
 */
export const buildImage = (
  path: string,
  packages: readonly string[],
  release: string | undefined,
  wanted: string,
): string =>
  `${imageRecipe(packages, release)}${sh`
path=${path} wanted=${wanted}
mkdir -p "$path" || exit
exec 9>"$path/.lock" || exit
flock -w 1800 9 || { echo "another build of $path is still running after 30 minutes" >&2; exit 1; }
if [ ! -s "$path/$wanted/disk.raw" ] || [ ! -s "$path/$wanted/initrd" ] || [ ! -s "$path/$wanted/vmlinuz" ]; then
  rm -rf "$path"/*.tmp "$path/$wanted" || exit
  work=$path/$wanted.tmp
  mkdir "$work" || exit
  lab_vm_sources >"$path/.sources.list" && lab_apt_settings >"$path/.apt.conf" || exit
  fail() { echo "$1; last lines of $path/build.log:" >&2; tail -n 15 "$path/build.log" >&2; rm -rf "$work"; exit 1; }
  # Without root, become root of a user namespace.
  as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else unshare --user --map-root-user --map-auto "$@"; fi; }
  mmdebstrap --quiet --variant=minbase --format=tar --include=${packages.join(',')},"$(lab_kernel)" \
    --aptopt="$path/.apt.conf" --aptopt='Apt::Install-Recommends "0"' --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook=${finish} "$release" "$work/root.tar" "$path/.sources.list" >"$path/build.log" 2>&1 </dev/null || fail 'mmdebstrap failed'
  mkdir "$work/boot" && tar -C "$work/boot" -xf "$work/root.tar" ./boot || fail 'no kernel'
  cp "$(ls "$work"/boot/boot/vmlinu[xz]-* | sort -V | tail -n 1)" "$work/vmlinuz" || fail 'no kernel'
  (cd "$work/boot/boot/lab" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/initrd" 2>>"$path/build.log" || fail 'cannot create the initrd'
  rm -rf "$work/boot"
  # Sparse. Each machine has its own overlay disk of the requested size.
  as_root sh -c 'mkdir "$1/tree" && tar -C "$1/tree" --exclude="./dev/*" --exclude="./boot/*" -xf "$1/root.tar" &&
    mke2fs -q -t ext4 -O ^metadata_csum,^64bit -E lazy_itable_init=1,nodiscard -L labbook -d "$1/tree" "$1/disk.raw" 4G
    code=$?; rm -rf "$1/tree"; exit $code' pack "$work" >>"$path/build.log" 2>&1 || fail 'cannot create the disk image'
  rm -f "$work/root.tar"
  mv "$work" "$path/$wanted" || exit
fi
ln -sfn "$wanted" "$path/.current" && mv -fT "$path/.current" "$path/current"`}`
